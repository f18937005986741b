"""The lab's own logic, without Asterisk."""
