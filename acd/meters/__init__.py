"""What Prometheus is told: counters and histograms from the facts, gauges from the running centre."""
