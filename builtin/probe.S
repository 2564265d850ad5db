@ SPDX-License-Identifier: GPL-3.0-or-later
@
@ The embedded armhf program: does what ld.so does with a library, on its own
@ file as standard input, and answers with enum probe_status of include/probe.h, if its two
@ arguments arrived. An answer is given as the exit status that the second argument has for it.
@ A whole ELF file in .text, without linker; scripts/probe-image makes include/probe_image.h of it.
@ Position independent, as the programs of distributions are: the kernel chooses where it lies.

	.syntax unified
	.arch	armv7-a
	.fpu	vfpv3-d16
	.arm
	.text

	.set	SEGMENT_ALIGN, 0x10000	@ of this file: every kernel's page size divides it
	.set	PAGE_4K, 0x1000
	.set	BSS_SIZE, 0x4000

	.set	EM_ARM, 40
	.set	EF_ARM_EABI5_HARD, 0x05000400	@ without an EABI version arm64 refuses it
	.set	PT_LOAD, 1
	.set	PT_GNU_STACK, 0x6474e551
	.set	AT_NULL, 0
	.set	AT_PAGESZ, 6

	.set	SYS_munmap, 91
	.set	SYS_mprotect, 125
	.set	SYS_mmap2, 192
	.set	SYS_exit_group, 248

	.set	PROT_NONE, 0
	.set	PROT_READ, 1
	.set	PROT_READ_WRITE, 3
	.set	PROT_READ_EXEC, 5
	.set	MAP_PRIVATE, 0x02
	.set	MAP_FIXED, 0x10
	.set	MAP_ANONYMOUS, 0x20
	.set	MAP_DENYWRITE, 0x800		@ as ld.so asks for it
	.set	ERRORS, 4096			@ a result above -4096 is an errno

	.set	ARGUMENTS, 3			@ argc
	.set	FIRST_ANSWER, 42
	.set	NO_VFP, 46
	.set	NO_STDIN, 47
	.set	NO_ARGUMENTS, 48

	@ ELF header
image:	.byte	0x7f, 'E', 'L', 'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0
	.short	3, EM_ARM			@ ET_DYN
	.long	1, start - image, 52, 0, EF_ARM_EABI5_HARD
	.short	52, 32, 2, 40, 0, 0		@ two program headers, no sections
	@ Program headers
	.long	PT_LOAD, 0, 0, 0, end - image, end - image, 5, SEGMENT_ALIGN
	.long	PT_GNU_STACK, 0, 0, 0, 0, 0, 6, 16

	@ The two arguments, right behind the headers: probe.c sends these, with a token of its own in both places.
	@ Byte n of the token is the exit status for answer 42 + n.
token:	.asciz	"ABCDEFG"
word:	.asciz	"armhf-probe's second word"
	.balign	4

	@ Kept throughout: r4 the answer so far, r8 the page size, r9 the first word of the file.
start:	movw	r4, #NO_ARGUMENTS
	ldr	r0, [sp]			@ argc
	cmp	r0, #ARGUMENTS
	bne	quit
	ldr	r0, [sp, #8]			@ argv[1]
	adr	r1, word
	bl	compare
	bne	quit
	ldr	r0, [sp, #12]			@ argv[2]
	adr	r1, token
	bl	compare
	bne	quit

	mov	r8, #PAGE_4K
	add	r1, sp, #(4 * (ARGUMENTS + 2))	@ past argc, argv and its NULL
environment:
	ldr	r0, [r1], #4
	cmp	r0, #0
	bne	environment
auxiliary:
	ldmia	r1!, {r2, r3}
	cmp	r2, #AT_PAGESZ
	moveq	r8, r3
	cmp	r2, #AT_NULL
	bne	auxiliary

	@ What armhf promises: an ARMv7 barrier, and 1.5 * 2.0 = 3 in VFPv3.
	movw	r4, #NO_VFP
	dmb	sy
	vmov.f64 d0, #1.5
	vmov.f64 d1, #2.0
	vmul.f64 d2, d0, d1
	vcvt.s32.f64 s6, d2
	vmov	r5, s6
	cmp	r5, #3
	bne	quit

	@ Is this file on standard input, and can it be mapped?
	ldr	r9, [pc, #image - . - 8]
	movw	r4, #NO_STDIN
	mov	r0, #0
	mov	r1, r8
	mov	r2, #PROT_READ
	movw	r3, #MAP_PRIVATE
	bl	map_file
	cmn	r0, #ERRORS
	bhi	quit
	ldr	r0, [r0]
	cmp	r0, r9
	bne	quit

	@ Of 47: 2 less if 64 KiB works, 1 less if 4 KiB does, and 2 at the end: 42 both, 43 only 64 KiB, 44 only 4 KiB, 45 neither.
	mov	r10, #SEGMENT_ALIGN
	bl	try
	subeq	r4, r4, #2
	mov	r10, #PAGE_4K
	bl	try
	subeq	r4, r4, #1
	sub	r4, r4, #2
quit:	adr	r0, token
	add	r0, r0, r4
	ldrb	r0, [r0, #-FIRST_ANSWER]
	mov	r7, #SYS_exit_group
	svc	#0
	bkpt	#0				@ a filter refused the exit: die of SIGTRAP, not of what follows

	@ Z set: the texts at r0 and r1 are the same.
compare:
	ldrb	r2, [r0], #1
	ldrb	r3, [r1], #1
	cmp	r2, r3
	bxne	lr
	cmp	r2, #0
	bne	compare
	bx	lr

	@ r0 = mmap2(r0 address, r1 length, r2 protection, r3 flags, standard input, offset 0)
map_file:
	mov	r12, #0
	b	map
	@ r0 = mmap2(r0 address, r1 length, r2 protection, r3 flags, -1, offset 0)
map_anonymous:
	mvn	r12, #0
map:	push	{r4, r5, lr}
	mov	r4, r12
	mov	r5, #0
	mov	r7, #SYS_mmap2
	svc	#0
	pop	{r4, r5, pc}

	@ Map a library whose segments are aligned to r10 as ld.so would (elf/dl-map-segments.h):
	@ text at 0, data at r10 (both from offset 0 of the file), bss one page after.
	@ Z set: all worked and memory holds what it must.
	@ r6 the length of all, then bss; r11 text; r5 data.
try:	push	{r4, lr}
	sub	r0, r8, #1
	tst	r10, r0
	bne	failed				@ "ELF load command address/offset not page-aligned"
	add	r6, r10, r8
	add	r6, r6, #BSS_SIZE
	cmp	r10, r8
	bhi	align
	mov	r0, #0				@ pages are aligned enough: the kernel chooses
	mov	r1, r6
	mov	r2, #PROT_READ_EXEC
	movw	r3, #(MAP_PRIVATE | MAP_DENYWRITE)
	bl	map_file
	mov	r11, r0
	b	mapped

	@ Alignment above the page size: reserve more, map at an aligned place, cut off the rest.
align:	mov	r0, #0
	add	r1, r6, r10
	mov	r2, #PROT_NONE
	movw	r3, #(MAP_PRIVATE | MAP_ANONYMOUS | MAP_DENYWRITE)
	bl	map_anonymous
	cmn	r0, #ERRORS
	bhi	failed
	mov	r5, r0
	sub	r1, r10, #1
	add	r0, r0, r1
	bic	r11, r0, r1
	mov	r0, r11
	mov	r1, r6
	mov	r2, #PROT_READ_EXEC
	movw	r3, #(MAP_PRIVATE | MAP_FIXED | MAP_DENYWRITE)
	bl	map_file
	cmp	r0, r11
	bne	failed
	mov	r0, r5				@ before text
	subs	r1, r11, r5
	mov	r7, #SYS_munmap
	svcne	#0
	add	r0, r11, r6			@ after bss
	add	r1, r5, r6
	add	r1, r1, r10
	subs	r1, r1, r0
	svcne	#0
	add	r0, r11, r8			@ the hole between text and data
	sub	r1, r10, r8
	mov	r2, #PROT_NONE
	mov	r7, #SYS_mprotect
	svc	#0
	cmp	r0, #0
	bne	failed

mapped:	cmn	r11, #ERRORS
	bhi	failed
	add	r5, r11, r10
	mov	r0, r5
	mov	r1, r8
	mov	r2, #PROT_READ_WRITE
	movw	r3, #(MAP_PRIVATE | MAP_FIXED | MAP_DENYWRITE)
	bl	map_file			@ data
	cmp	r0, r5
	bne	failed
	add	r6, r5, r8
	ldr	r0, [r5]
	cmp	r0, r9
	bne	failed
	add	r0, r5, #1024			@ more than this file: the rest of the page is zeroed
	mov	r1, #0
zero:	str	r1, [r0], #4
	cmp	r0, r6
	bne	zero
	mov	r0, r6
	mov	r1, #BSS_SIZE
	mov	r2, #PROT_READ_WRITE
	movw	r3, #(MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS)
	bl	map_anonymous			@ bss
	cmp	r0, r6
	bne	failed

	@ Write to data, to bss and look at the end of bss; then RELRO.
	str	r10, [r5, #32]
	str	r10, [r6]
	add	r0, r6, #(BSS_SIZE - 64)
	ldr	r1, [r0]
	str	r10, [r0]
	mov	r0, r5
	push	{r1}
	mov	r1, r8
	mov	r2, #PROT_READ
	mov	r7, #SYS_mprotect
	svc	#0
	pop	{r1}
	cmp	r0, #0
	bne	failed

	ldr	r0, [r6, #-4]			@ the ends of data and bss were zero
	orrs	r1, r1, r0
	ldreq	r0, [r11, #32]			@ text has not seen the write to data
	cmpeq	r0, #0
	ldreq	r0, [r11]			@ text and data begin as the file does
	cmpeq	r0, r9
	ldreq	r0, [r5]
	cmpeq	r0, r9
	ldreq	r0, [r5, #32]			@ data and bss hold what was written
	cmpeq	r0, r10
	ldreq	r0, [r6]
	cmpeq	r0, r10
	pop	{r4, pc}
failed:	movs	r0, #1				@ Z clear
	pop	{r4, pc}
end:
