"""What an ERP is told about its order: a signed HTTP callback, or an outbox for ERPs that are polled."""
