"""Terminal sequences that a recording, a process or a file may hold, by what each would do to a terminal."""

from __future__ import annotations

ANSWERED = {
    "who are you": "\x1b[c",
    "who are you, second": "\x1b[>c\x1b[>0c\x1b[=c",
    "who are you, old": "\x1bZ",
    "terminal's version": "\x1b[>q\x1b[>0q",
    "are you well": "\x1b[5n",
    "where is the cursor": "\x1b[6n\x1b[?6n",
    "parameters": "\x1b[x\x1b[1x",
    "is a mode set": "\x1b[?2026$p\x1b[4$p",
    "title and size": "\x1b[21t\x1b[18t\x1b[14t\x1b[11t",
    "keyboard": "\x1b[?u",
    "keys' encoding": "\x1b[?4m",
    "checksum of the screen": "\x1b[1;1;1;1;10;10*y",
    "answer back": "\x05",
    "a setting": "\x1bP$qm\x1b\\",
    "a capability": "\x1bP+q544e\x1b\\",
    "a colour": "\x1b]11;?\x07\x1b]4;1;?\x1b\\",
    "the clipboard": "\x1b]52;c;?\x07",
    "tab stops and state": "\x1b[2$w\x1b[1$u",
}
"""What makes a terminal type."""

CHANGING = {
    "clipboard": "\x1b]52;c;cHduZWQ=\x07",
    "clipboard, ended by ST": "\x1b]52;c;cHduZWQ=\x1b\\",
    "title": "\x1b]0;pwned\x07\x1b]2;pwned\x1b\\\x1bkpwned\x1b\\",
    "link": "\x1b]8;;http://pwned.example\x1b\\link\x1b]8;;\x1b\\",
    "palette": "\x1b]4;1;#ff0000\x07\x1b]10;#000\x07\x1b]104\x07",
    "notification": "\x1b]9;pwned\x07\x1b]777;notify;pwned;x\x07\x1b]99;;pwned\x1b\\",
    "directory": "\x1b]7;file:///pwned\x07",
    "picture of iTerm": "\x1b]1337;File=inline=1:cHduZWQ=\x07",
    "picture in sixels": "\x1bPq#0;2;0;0;0#0~~@@vv\x1b\\",
    "picture of kitty": "\x1b_Gf=24,s=1,v=1;AAAA\x1b\\",
    "keys redefined": "\x1bP1;1|17/70776e6564\x1b\\",
    "privacy message": "\x1b^pwned\x1b\\",
    "start of string": "\x1bXpwned\x1b\\",
    "window moved": "\x1b[3;0;0t\x1b[2t\x1b[8;5;5t",
    "title kept": "\x1b[22;0t\x1b[23;0t",
    "printer": "\x1b[5i\x1b[4i\x1b[?5i",
    "keyboard locked": "\x1b[2h",
    "return sends two": "\x1b[20h",
    "local echo": "\x1b[12l",
    "scroll-back erased": "\x1b[3J",
    "132 columns": "\x1b[?3h\x1b[?40h",
    "focus told": "\x1b[?1004h",
    "keys encoded": "\x1b[>4;2m\x1b[>1u\x1b[=5u\x1b[<u",
    "8 bit answers": "\x1b G\x1b F",
    "other encoding": "\x1b%@\x1b%G",
    "locking shift": "\x1bn\x1bo\x1b|\x1b}\x1b~",
    "level": '\x1b[61"p\x1b[62;1"p',
    "leds": "\x1b[1q",
    "macro": "\x1bP0;0;0!zpwned\x1b\\\x1b[0*z",
    "full reset": "\x1bc",
    "rectangle": "\x1b[65;1;1;9;9$x\x1b[1;1;9;9$z",
    "pasted": "\x1b[200~rm -rf ~\n\x1b[201~",
}
"""What changes a terminal, or the machine it is on, beyond what is drawn."""

ONE_BYTE = {
    "clipboard": "\x9d52;c;cHduZWQ=\x9c",
    "clipboard, ended by BEL": "\x9d52;c;cHduZWQ=\x07",
    "status": "\x9b5n\x9b6n\x9bc",
    "device control": "\x90$qm\x9c",
    "program": "\x9fGi=1;AAAA\x9c",
    "privacy message": "\x9epwned\x9c",
    "start of string": "\x98pwned\x9c",
    "identify": "\x9a",
    "next line, index": "\x85\x84\x8d",
    "shifts": "\x8e\x8f",
}
"""The same in C1 controls, of one byte or (in UTF-8) two."""

BROKEN = {
    "an escape before": "\x1b\x1b]a\x07]52;c;cHduZWQ=\x07",
    "one inside the other": "\x1b\x1b]0;x\x07]52;c;cHduZWQ=\x07",
    "a query inside a query": "\x1b[\x1b[5n5n",
    "made by removal": "\x1b\x1b[5n[5n\x1b]\x1b[6n52;c;cHduZWQ=\x07",
    "cancelled": "\x1b]0;x\x18\x1b[5n\x1b[\x1a5n",
    "never ended": "\x1b]52;c;" + "A" * 200,
    "cut after the escape": "\x1b",
    "cut in its parameters": "\x1b[5;5",
    "device control never ended": "\x1bPq~~~",
    "controls inside": "\x1b[5\x08n\x1b[\x076n\x1b[5\n",
    "very many digits": "\x1b[" + "0" * 6000 + "m\x1b[" + "9" * 6000 + "b",
    "very many parameters": "\x1b[" + "1;" * 3000 + "m",
    "a tail of another": "5n\x07\x9c\x1b\\",
}
"""What a reader of sequences has to get right."""

HOSTILE = {
    f"{group}: {name}": text
    for group, named in (("answered", ANSWERED), ("changing", CHANGING), ("C1", ONE_BYTE), ("broken", BROKEN))
    for name, text in named.items()
}

DRAWING = {
    "colours": "\x1b[1;31mred\x1b[0m\x1b[38;5;1m\x1b[38;2;1;2;3m\x1b[4:3m\x1b[m",
    "moves": "\x1b[5;5H\x1b[H\x1b[2A\x1b[B\x1b[3C\x1b[D\x1b[1G\x1b[2d\x1b[5;5f\x1b[E\x1b[F\x1b[I\x1b[Z",
    "erases": "\x1b[J\x1b[1J\x1b[2J\x1b[K\x1b[2K\x1b[3X",
    "lines and characters": "\x1b[2L\x1b[M\x1b[3P\x1b[2@\x1b[2S\x1b[T\x1b[3b",
    "scroll region": "\x1b[1;20r\x1b[r",
    "other screen": "\x1b[?1049h\x1b[?1049l\x1b[?47h\x1b[?1047l\x1b[?1048h",
    "cursor": "\x1b[?25l\x1b[?25h\x1b[?12l\x1b[2 q\x1b7\x1b8\x1b[s\x1b[u",
    "keypad": "\x1b=\x1b>\x1b[?1h\x1b[?1l\x1b[?66h",
    "bracketed paste": "\x1b[?2004h\x1b[?2004l",
    "mouse": "\x1b[?1000h\x1b[?1002;1006h\x1b[?1000l",
    "line drawing": "\x1b(0lqk\x1b(B\x0eq\x0f",
    "index": "\x1bD\x1bM\x1bE\x1bH\x1b[g",
    "insert mode": "\x1b[4h\x1b[4l",
    "wrapping": "\x1b[?7l\x1b[?7h",
    "soft reset": "\x1b[!p",
    "text": "plain 漢字 é 👩‍👩‍👧\ttab\r\n\x08\x07",
}
"""What a shell on a terminal needs, and a visitor gets as it comes."""
