"""Everything that speaks to Asterisk: AMI client, FastAGI server, translation both ways, resynchronisation."""
