"""Bulk orders: a file becomes pages, a page becomes orders, and every line is accounted for.

`parsing` reads whatever was sent, `start` claims the batch, `split` writes its pages, `pages` accepts
their lines and watches the orders, `report` says what became of each. `workflow/bulk.py` is the state machine around.
"""
