/* Programs that run in the account, as text: what is in the .sh files beside, without the lines
 * that are for us (meson.build). Static, ASCII. */
#pragma once

const char *plan_cd_task_script(void);

/* image.sh, which builds an image within a run of Pulumi. */
const char *plan_pulumi_image_script(void);
