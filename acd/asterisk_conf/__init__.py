"""What Asterisk loads, made from the site's configuration: rendered, compared with what is there, written."""

from acd.asterisk_conf.members import Member, fallback_members
from acd.asterisk_conf.render import INCLUDED, render
from acd.asterisk_conf.write import FileChange, Mode, diff, write

__all__ = ["INCLUDED", "FileChange", "Member", "Mode", "diff", "fallback_members", "render", "write"]
