"""What goes over the wire: our servicer, and our client of the catalogue."""
