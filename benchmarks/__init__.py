"""Speed beside peers: each module prints its own ratios."""
