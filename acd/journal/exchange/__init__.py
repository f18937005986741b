"""Appeals to and from elsewhere (J2, J10): signed requests in both directions, and a mailbox."""
