"""The mapping language: how rows of an ERP, out of a database or a file, become the JSON of an order.

Pure: no database, no file. The poller's source files and the CSV mappings of batches are written in it.
"""
