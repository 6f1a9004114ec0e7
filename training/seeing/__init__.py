"""A run to look at: films, contact sheets, pages."""
