/* What a build with fault points adds to defangd: `--list-fault-points`, and the two variables that
 * arm one (DEFANG_FAULT=NAME[:NTH]) and record those that are reached (DEFANG_FAULT_RECORD=FILE).
 * See base/faultpoint.h. In other builds there is nothing of it, and the option is unknown. */
#pragma once

#ifdef DEFANG_FAULT_POINTS
/* Before anything else in main(). Exits where it has listed, or cannot arm what was asked for. */
void fault_points_main(int argc, char **argv);
#else
#define fault_points_main(argc, argv) ((void)0)
#endif
