"""The table `orders`: the read model."""
