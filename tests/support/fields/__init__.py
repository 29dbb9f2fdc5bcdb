"""An order filled from its model, the channels that carry it, and a field forgotten in each."""
