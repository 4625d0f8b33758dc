/* Being stopped by ^Z, for who takes the signal to let go of something first. */
#pragma once
#include <stdbool.h>

/* Stops until somebody continues us: by the default action of SIGTSTP and not by SIGSTOP, because in an orphaned
 * process group, where no shell could ever wake us, the kernel then declines. SIGTSTP is blocked before and after.
 * False: it declined; can be told only by who blocks SIGCONT. */
bool stop_self(void);
