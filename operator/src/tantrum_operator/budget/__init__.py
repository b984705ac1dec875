"""ScalingBudget: what replicas may cost in a month, and who gets the next one."""
