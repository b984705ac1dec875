"""What scalers would make of a day: traces, a model of the service, and a comparison."""
