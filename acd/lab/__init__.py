"""A contact centre on loopback: real Asterisk, SIPp as callers and telephones, our daemon. For demo, tests, benches."""
