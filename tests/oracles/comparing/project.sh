# Makes a small project in an empty directory.
mkdir -p src tests data
printf 'def add(a, b):\n    return a + b\n\n\ndef div(a, b):\n    return a / b\n' > src/calc.py
printf 'import time\nimport unittest\nfrom src.calc import add, div\n\n\nclass T(unittest.TestCase):\n    def test_add(self):\n        time.sleep(0.01)\n        self.assertEqual(add(1, 2), 3)\n\n    def test_div(self):\n        self.assertEqual(div(4, 2), 2)\n' > tests/test_calc.py
printf 'def test_ok():\n    pass\n\n\ndef test_bad():\n    assert [1, 2] == [1, 3]\n' > tests/test_bad.py
printf 'all: prog\nprog: main.c\n\tgcc -o prog main.c\nclean:\n\trm -f prog\nbad:\n\tfalse\n' > Makefile
printf '#include <stdio.h>\nint main(int argc, char **argv) {\n\tint x = 1;\n\tprintf("hello %%p\\n", (void *)&x);\n\treturn 0;\n}\n' > main.c
printf 'int f(void) { return y; }\n' > broken.c
printf 'public class Main {\n  public static void main(String[] a) {\n    System.out.println(new Object());\n    System.out.println("took " + (System.nanoTime() %% 1000) + " ms");\n  }\n}\n' > Main.java
printf '{"name": "demo", "version": "1.2.3", "scripts": {"test": "node -e \\"console.log(1)\\""}}\n' > package.json
printf 'name\tsize\tcolour\napple\t3\tred\nbanana\t12\tyellow\n漢字\t1\twhite\n' > data/t.tsv
printf 'cherry\napple\nbanana\napple\n' > data/words.txt
printf '{"b": [1, 2, {"c": null}], "a": "x"}\n' > data/x.json
printf 'cmake_minimum_required(VERSION 3.10)\nproject(demo C)\nenable_testing()\nadd_executable(main main.c)\nadd_test(NAME runs COMMAND main)\n' > CMakeLists.txt
printf '*.tar\n*.tgz\n*.gz\n*.bz2\n*.xz\n*.zst\n*.zip\n*.o\n*.a\n*.class\nprog\nbuild/\n__pycache__/\n' > .gitignore
export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@example.org
git init -q -b main . && git add -A
GIT_AUTHOR_DATE=2025-01-01T00:00:00Z GIT_COMMITTER_DATE=2025-01-01T00:00:00Z git commit -qm first
