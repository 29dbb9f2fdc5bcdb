"""What all AWS adapters share: clients, the meaning of errors, secrets."""
