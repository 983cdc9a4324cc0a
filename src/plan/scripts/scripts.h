/* Programs that run in the account, as text. */
#pragma once

const char *plan_cd_task_script(void);
