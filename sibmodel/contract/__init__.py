"""What was agreed: the typed contract. No arithmetic lives here."""
