/* Findings as SARIF: one rule a kind, places escaped, nothing invented where no place is known. */
#include "client/view/sarif.h"
#include "unit/lib/suite.h"

#include "base/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(three_findings)
{
    Defang__Diagnostic a = DEFANG__DIAGNOSTIC__INIT, b = DEFANG__DIAGNOSTIC__INIT,
                       c = DEFANG__DIAGNOSTIC__INIT;
    Defang__Diagnostic *list[] = {&a, &b, &c};

    a.rule = b.rule = (char *)"aws/key-dns";
    a.message = (char *)"say \"no\"";
    a.hint = (char *)"Remove it.";
    a.file = (char *)"my file.yaml";
    a.line = 3;
    b.message = (char *)"again";
    b.file = (char *)"/abs/k\xc3\xa4se.yaml";
    b.line = b.column = 7;
    c.rule = (char *)"aws/other";
    c.severity = 2;
    c.message = (char *)"nowhere";

    char *text = NULL;
    size_t size;

    FILE *f = open_memstream(&text, &size);
    sarif_print(f, list, 3);
    fclose(f);

    static const char *const wanted[] = {
        "{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"defangctl\","
        "\"version\":\"",
        "\"rules\":[{\"id\":\"aws/"
        "key-dns\",\"defaultConfiguration\":{\"level\":\"error\"}},{\"id\":\"aws/"
        "other\",\"defaultConfiguration\":{\"level\":\"note\"}}]",
        "{\"ruleId\":\"aws/"
        "key-dns\",\"ruleIndex\":0,\"level\":\"error\",\"message\":{\"text\":\"say "
        "\\\"no\\\"\\nRemove it.\"}",
        "{\"uri\":\"my%20file.yaml\"},\"region\":{\"startLine\":3,\"startColumn\":1}",
        "{\"uri\":\"file:///abs/k%C3%A4se.yaml\"},\"region\":{\"startLine\":7,\"startColumn\":7}",
        "{\"ruleId\":\"aws/"
        "other\",\"ruleIndex\":1,\"level\":\"note\",\"message\":{\"text\":\"nowhere\"}}]}]}\n",
    };

    for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
        ck_assert_msg(strstr(text, wanted[i]) != NULL, "not there: %s\n%s", wanted[i], text);
    free(text);
}
END_TEST

SUITE("client/sarif", three_findings)
