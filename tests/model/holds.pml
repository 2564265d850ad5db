/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The protocol of holds, explored whole: three shells that hold, release and emulate in any order,
 * somebody else who enables, disables, removes, replaces and flushes, and a kill before every system
 * call. make check-model runs it, and then each deliberate mistake, named below (LIKE_THIS).
 *
 * THE ORDER OF OPERATIONS
 *
 * "Anybody holds" is F_OFD_GETLK over the 64 bytes, on the descriptor of register that this call has
 * opened for its flock(2), never on the one that holds (OWN_DESCRIPTOR): that one does not see this
 * shell's own lock, and a second call of a shell that holds would enable all under its own hold.
 * Holders appear only under the flock but vanish at any time: "nobody" stays true until the flock is
 * dropped, "somebody" does not.
 *
 * An entry is opened once, O_RDWR; its text is read and 0 or 1 is written on that descriptor. A write
 * to an entry that was removed in between is lost, and never reaches one that replaced it (BY_NAME).
 *
 * Start of a call that may write
 *	flock. If no marker stands (armhf-held, armhf-held.NAME), or anybody holds: done.
 *	For each armhf-held.NAME: open NAME. If it is there, has the fingerprint and is disabled: write 1,
 *	read back. Then remove the marker, also if NAME is gone, enabled or another (REMOVE_FIRST,
 *	NO_FINGERPRINT). If the write fails: keep that marker and armhf-held.
 *	Remove armhf-held last. All of this comes before anything else of the call, -k included.
 *
 * Take a hold (policy native, -k), the first one or a further one: the same code; what each step does
 * depends on what stands, not on the number of holders
 *	1. flock, start of a call.
 *	2. F_OFD_SETLK on the first free byte, unless this shell holds already. None is free: binfmt-busy,
 *	   and nothing was changed.
 *	3. armhf-held, if there is none: register it, write 0 to it.
 *	4. For each enabled claimer: open it, read it. A marker of its name with another fingerprint is of
 *	   an entry that is gone: remove it (STALE_MARKER). If none stands now: register it, write 0 to it
 *	   (MARKER_AFTER). Read the claimer again, on the same descriptor (OPEN_TWICE). If it is disabled
 *	   or was removed (st_nlink is 0), somebody was faster: remove the marker again, if it was
 *	   registered just now (READ_ONCE). Otherwise write 0 to the claimer, on this descriptor.
 *	5. Prove. Drop the flock, keep the descriptor with the byte.
 *	On failure, in reverse order: write 1 to what this call disabled, if its marker still stands and it
 *	is that entry and disabled; remove the markers that this call registered, and no others (UNDO_ALL),
 *	armhf-held among them; unlock the byte, if this call locked it. This undo is the one case where an
 *	entry is enabled while another shell holds: somebody enabled it under that hold before.
 *
 * Release (-x, enable -d), the last one or not
 *	flock; F_OFD_SETLK with F_UNLCK: to close the descriptor would leave the byte to a subshell
 *	(CLOSE_ONLY). Then the start of a call, which finds out whether anybody else holds, under the
 *	flock (NO_FLOCK, NO_GETLK), not before it (DECIDE_EARLY). If the flock cannot be acquired: unlock
 *	all the same; the next call does the rest, as after a kill.
 *
 * Any other call
 *	Start of a call. If it would enable or register a claimer while anybody holds: entry-held.
 *
 * Killed
 *	before 2		nothing stands
 *	between 2 and 3		the byte is free again, nothing stands
 *	between 3 and 4		armhf-held stands, perhaps enabled: the next call removes it
 *	in 4, no 0 written	a marker stands, perhaps enabled, and its entry is enabled: the next call
 *				removes the marker
 *	later			markers stand, their entries are disabled, nobody holds: the next call
 *				enables the entries and removes the markers
 *	in an undo, a release	the same states, in reverse
 *	a subshell lives on	it holds; when it ends: as above
 *
 * No order can mend this: an entry that somebody disables while its own marker stands cannot be told
 * from one that was disabled for the holders, and is enabled in the end (the ghost "unclear").
 */
#define SHELLS 3
#define NOBODY SHELLS
#define ABSENT 0
#define ENABLED 1
#define DISABLED 2

/*
 * The kernel's table: two claimers, of which somebody else changes the first. A marker is 0 or the
 * fingerprint in it; the fingerprints are 1 and 2.
 */
byte state[2] = ENABLED, print[2] = 1, marker[2];
bool held_marker;
/* flock(2); a byte for each shell; the first one's is shared by a subshell, which may live on. */
byte locked_by = NOBODY;
bool holds[SHELLS], subshell, orphan;
/* The entry of the table that the open descriptor of this shell leads to, 0 if it was removed. */
byte leads[SHELLS];
byte victim = NOBODY;
/*
 * Ghosts: the entry is disabled for holders; somebody else disabled it while its marker stood, or as
 * the shell that had just registered the marker was killed.
 */
bool ours[2], unclear[2];

#define anybody (holds[0] || holds[1] || holds[2] || orphan)
#define anybody_else (holds[0] + holds[1] + holds[2] + orphan > holds[me])

/* Two idle shells of which nothing tells one from the other: that one of them goes on is enough. */
#define twins (holds[1] == holds[2] && locked_by != 1 && locked_by != 2)

#ifdef BY_NAME
#define reaches(e) (state[e] != ABSENT)
#else
#define reaches(e) (leads[me] == e + 1)
#endif
#ifdef NO_FINGERPRINT
#define same(fingerprint) (found != 0)
#else
#define same(fingerprint) (found == fingerprint)
#endif

inline forget(e)
{
	state[e] = ABSENT; print[e] = 0; ours[e] = false; unclear[e] = false;
	leads[0] = (leads[0] == e + 1 -> 0 : leads[0]);
	leads[1] = (leads[1] == e + 1 -> 0 : leads[1]);
	leads[2] = (leads[2] == e + 1 -> 0 : leads[2])
}

/* Open an entry and read it. */
inline look(e)
{
	d_step {
		found = (state[e] -> print[e] : 0);
		disabled = (state[e] == DISABLED);
		leads[me] = (state[e] -> e + 1 : 0)
	}
}

inline close()
{
	found = 0; was = 0; disabled = false; leads[me] = 0
}

/* Write 1 to what was disabled for holders, or cannot be told from it. */
inline enable(e)
{
	d_step {
		if
		:: reaches(e) && state[e] == DISABLED ->
			assert(ours[e] || unclear[e]);
			state[e] = ENABLED; ours[e] = false; unclear[e] = false
		:: else
		fi
	}
}

/* Write 0. */
inline disable(e)
{
	d_step {
		if
		:: reaches(e) && state[e] == ENABLED -> state[e] = DISABLED; ours[e] = true
		:: else
		fi;
		mine[e] = true
	}
}

inline restore(e)
{
	if
	:: marker[e] ->
		atomic { look(e); was = marker[e] };
#ifdef REMOVE_FIRST
		marker[e] = 0;
#endif
		if
		:: same(was) && disabled ->
			if
			:: atomic { assert(!anybody); enable(e) }; marker[e] = 0
			:: kept = true /* the write is refused */
			fi
		:: else -> marker[e] = 0
		fi;
		d_step { close() }
	:: else
	fi
}

/* Finish what the dead left. */
inline recover()
{
	if
	:: !somebody && (held_marker || marker[0] || marker[1]) ->
		restore(0);
		restore(1);
		d_step {
			if
			:: !kept -> held_marker = false
			:: else
			fi;
			/* A call that found nobody leaves nothing disabled for a holder. */
			assert(kept || !(state[0] == DISABLED && ours[0]) && !(state[1] == DISABLED && ours[1]));
			kept = false
		}
	:: else
	fi
}

inline mark(e)
{
	if
	:: marker[e] == found
#ifdef STALE_MARKER
	:: marker[e] && marker[e] != found
#else
	:: marker[e] && marker[e] != found -> marker[e] = 0; d_step { marker[e] = found; new[e] = true }
#endif
	:: !marker[e] -> d_step { marker[e] = found; new[e] = true }
	fi
}

inline disable_marked(e)
{
	look(e);
	if
	:: !found || disabled
	:: else ->
#ifdef MARKER_AFTER
		disable(e);
		mark(e)
#else
		mark(e);
#ifndef READ_ONCE
		was = found;
#ifdef OPEN_TWICE
		look(e);
#else
		disabled = (leads[me] != e + 1 || state[e] == DISABLED);
#endif
		if
		:: !disabled && found == was ->
#endif
			if
			:: disable(e)
			:: failed = true /* the write is refused, or a signal came */
			fi
#ifndef READ_ONCE
		:: else ->
			d_step {
				if
				:: new[e] -> marker[e] = 0; new[e] = false
				:: else
				fi
			}
		fi
#endif
#endif
	fi;
	d_step { close() }
}

inline undo(e)
{
	if
	:: mine[e] ->
		look(e);
		if
		:: disabled && same(marker[e]) -> enable(e)
		:: else
		fi;
		d_step { close(); mine[e] = false }
	:: else
	fi;
	d_step {
		if
#ifdef UNDO_ALL
		:: marker[e] -> marker[e] = 0
#else
		:: new[e] -> marker[e] = 0
#endif
		:: else
		fi;
		new[e] = false
	}
}

/* -p native -k */
inline take()
{
	recover();
	d_step { new_holder = !holds[me]; holds[me] = true };
	d_step { new_held_marker = !held_marker; held_marker = true };
	disable_marked(0);
	if
	:: !failed -> disable_marked(1)
	:: else
	fi;
	if
	:: state[0] != ENABLED && state[1] != ENABLED && !failed -> skip
	:: true -> /* not proved */
		undo(1);
		undo(0);
		d_step {
			if
			:: new_held_marker -> held_marker = false
			:: else
			fi
		};
		d_step {
			if
			:: new_holder -> holds[me] = false
			:: else
			fi
		}
	fi
}

/* -x */
inline release()
{
	d_step {
		holds[me] = false;
#ifdef CLOSE_ONLY
		orphan = orphan || me == 0 && subshell;
#endif
		assert(!(me == 0 && subshell && orphan)); /* what this shell held is released */
		subshell = subshell && me != 0;
#ifndef DECIDE_EARLY
		ask()
#endif
	};
	recover()
}

/* Any call that wants the first entry enabled. */
inline emulate()
{
	recover();
	if
	:: !somebody ->
		look(0);
		if
		:: disabled ->
			d_step {
				if
				:: reaches(0) && state[0] == DISABLED ->
					assert(!anybody);
					state[0] = ENABLED; ours[0] = false; unclear[0] = false
				:: else
				fi
			}
		:: else
		fi
	:: else /* entry-held */
	fi
}

/* F_OFD_GETLK */
inline ask()
{
#if defined NO_GETLK
	somebody = false
#elif defined OWN_DESCRIPTOR
	somebody = anybody_else
#else
	somebody = anybody
#endif
}

inline end_call()
{
	d_step {
		locked_by = (locked_by == me -> NOBODY : locked_by);
		close();
		somebody = false; kept = false; failed = false; new_holder = false; new_held_marker = false;
		mine[0] = false; mine[1] = false; new[0] = false; new[1] = false
	}
}

active [SHELLS] proctype shell() provided (victim == NOBODY || victim == _pid)
{
	byte me = _pid, found, was;
	bool somebody, disabled, kept, failed, new_holder, new_held_marker, mine[2], new[2];

again:
	{
		do
		:: d_step { me == 0 && locked_by != me && holds[me] && !subshell && !orphan -> subshell = true }
		::
#ifdef DECIDE_EARLY
			somebody = anybody_else;
#endif
			atomic {
#ifndef NO_FLOCK
				locked_by == NOBODY && !(me == 2 && twins) ->
#endif
				locked_by = me;
				if
#ifndef DECIDE_EARLY
				:: ask(); goto call
#endif
				:: holds[me] -> goto call_release
				:: else -> ask(); goto call
				fi
			};
call:			if
			:: skip -> take()
			:: skip -> emulate()
#ifndef DECIDE_EARLY
			:: holds[me] -> release()
#endif
			fi;
			end_call();
			goto again;
call_release:		release();
			end_call()
		od
	} unless {
		atomic { victim == me -> victim = NOBODY; end_call() }
	};
	goto again
}

/* What may happen at any time. */
active proctype world() provided (victim == NOBODY)
{
	byte who;

	do
	:: atomic { /* SIGKILL, or exec: of an idle shell that holds nothing, nobody notices it */
		if
		:: holds[0] || locked_by == 0 -> who = 0
		:: holds[1] || locked_by == 1 -> who = 1
		:: holds[2] && !twins || locked_by == 2 -> who = 2
		fi;
		orphan = orphan || who == 0 && subshell;
		subshell = subshell && who != 0;
		holds[who] = false;
		if
		:: locked_by == who ->
			unclear[0] = (state[0] == DISABLED && !ours[0] && (unclear[0] || marker[0] == print[0]))
		:: else
		fi;
		victim = who
	}
	:: d_step { orphan -> orphan = false }
	:: d_step { subshell -> subshell = false }
	:: d_step { state[0] == DISABLED -> state[0] = ENABLED; ours[0] = false; unclear[0] = false }
	:: d_step { state[0] == ENABLED -> state[0] = DISABLED; unclear[0] = (marker[0] == print[0]) }
	:: d_step { state[0] -> forget(0) }
	:: d_step { !state[0] -> state[0] = ENABLED; print[0] = 1 }
	:: d_step { !state[0] -> state[0] = ENABLED; print[0] = 2 }
	:: d_step { /* echo -1 > status; the second one is registered again at once */
		forget(0); forget(1);
		marker[0] = 0; marker[1] = 0; held_marker = false;
		state[1] = ENABLED; print[1] = 1
	}
	od
}
