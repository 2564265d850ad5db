/* SPDX-License-Identifier: GPL-3.0-or-later */
/* nothing: an interpreter that is there and exits as the probe would; what is left is the cost of exec. */
int
main(void)
{
	return 42;
}
