"""The screens: the debugger, and the dialogs over it."""
