"""Facts, call records, KPI formulas with named rules, live figures and reports."""
