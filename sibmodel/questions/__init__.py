"""Questions put to the ledger of one simulation, or of several."""
