"""The sample company: an industrial wholesaler with its catalogue, customers, stock and the orders that come in."""
