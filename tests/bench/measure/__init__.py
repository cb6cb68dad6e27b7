"""What the service costs, measured from outside."""
