"""Safety of people: alerts with clocks, adverse events, and the rules that pause the study."""
