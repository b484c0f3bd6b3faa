"""The indexing job: from files of events and item texts to a bundle the service can open."""
