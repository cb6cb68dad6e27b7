"""The bench of the integration tests: a private broker, a private bus, a mock desktop, the programs under test."""
