"""Under which name the sounds of a language are installed.

Asterisk's own packages and FreePBX put them into `sounds/ru`; Debian's into `sounds/ru_RU_f_IvrvoiceRU`, which Asterisk
does not find when it looks for `ru`: it falls back to English without a word in the log (tried on 22.10).
"""

from pathlib import Path


def installed_language(sounds: Path, language: str) -> str:
    """Return the directory of `language` below `sounds`, else of its first voice, else `language` itself."""
    if (sounds / language).is_dir():
        return language
    voices = sorted(voice.name for voice in sounds.glob(f"{language}_*") if voice.is_dir())
    return voices[0] if voices else language
