# A sentence, where the program would only say "Illegal instruction". The package is installed all the same: the disk may be for another machine.
lacks >&2
