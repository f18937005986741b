"""What the MQTT broker is told, and what may be asked over it."""
