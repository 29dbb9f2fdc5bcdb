"""The commands of `python -m poller`, one module each, registered by its `add(subparsers)`."""
