"""The table `payments`: charges and credit accounts."""
