"""The one way in: REST, batches and the poller all end in `Intake.accept`."""
