"""What searching means: no wires, no clocks, no databases."""
