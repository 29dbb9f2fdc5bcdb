"""The steps of the order workflow, one module each. A step may run again from any point, any number of times."""
