"""Safety as data: vocabulary, grades, alert rules, clocks, causality, and the rules that pause a study."""
