"""ServiceScaler: how many replicas a Deployment has, and why."""
