"""Pages: what a result looks like to a reader, as tables, plots, one HTML page and files."""
