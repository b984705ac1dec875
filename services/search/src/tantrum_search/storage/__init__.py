"""The backends: what matches terms and filters, and keeps the shows to be found."""
