#!/bin/sh
# Checks on the built proofs; run by `make check`.
#   1. every .v file here is listed in _CoqProject, and its head names each of
#      its definitions and theorems;
#   2. no file admits a proof, declares an axiom or switches a check of Coq off;
#   3. every headline theorem (headline_theorems.txt) rests only on the axioms
#      of allowed_axioms.txt, as reported by Print Assumptions;
#   4. the checker itself rejects a theorem proved from an axiom.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "check_proofs: $*" >&2; exit 1; }

# 1. every file (under version control, where there is one) is part of the
#    build, none is too long, and the comment at its head is its glossary
undocumented() { # names that FILE defines or proves and that its head does not have
  awk 'NR == 1 && /^\(\*/ { head = 1 }
       head { n = split($0, word, /[^A-Za-z0-9_]+/); for (i = 1; i <= n; i++) known[word[i]] = 1 }
       head && /\*\)/ { left = 1 }
       head && left && !/^\(\*/ { head = 0 }
       /^(Theorem|Corollary|Definition|Fixpoint|Record|Notation) / {
         name = $2; gsub(/[^A-Za-z0-9_].*/, "", name); if (!(name in known)) print "  " name }' "$1"
}
files=$(git ls-files '*.v' 2>/dev/null) || files=
[ -n "$files" ] || files=$(find . -name '*.v' | sed 's|^\./||')
files=$(printf '%s\n' $files $(grep '\.v$' _CoqProject) | sort -u)
for f in $files; do
  [ -f "$f" ] || fail "$f is listed but does not exist"
  grep -qx "$f" _CoqProject || fail "$f is not listed in _CoqProject"
  lines=$(wc -l < "$f")
  [ "$lines" -le 600 ] || fail "$f has $lines lines, more than 600"
  missing=$(undocumented "$f")
  [ -z "$missing" ] || fail "the head of $f does not name:
$missing"
done

# 2. forbidden words, comments removed (comments may nest)
strip_comments() {
  awk '{ line = $0 "\n"; out = ""
         while (line != "") {
           two = substr(line, 1, 2)
           if (two == "(*") { depth++; line = substr(line, 3) }
           else if (two == "*)" && depth > 0) { depth--; line = substr(line, 3) }
           else { if (depth == 0) out = out substr(line, 1, 1); line = substr(line, 2) } }
         printf "%s", out }' "$1"
}
forbidden='(^|[^A-Za-z0-9_])(Admitted|admit|give_up|Axiom|Axioms|Parameter|Parameters|Conjecture|Unset +Guard|Unset +Positivity|Unset +Universe|bypass_check|type-in-type)([^A-Za-z0-9_]|$)'
for f in $files; do
  if strip_comments "$f" | grep -nE "$forbidden" >&2; then fail "$f: forbidden command"; fi
done
grep -nE 'type-in-type|-noinit' _CoqProject >&2 && fail "_CoqProject: forbidden flag"

# 3. assumptions of the headline theorems
grep -v '^#' headline_theorems.txt | grep -v '^ *$' > "$work/headline"
grep -v '^#' allowed_axioms.txt | grep -v '^ *$' > "$work/allowed"
[ -s "$work/headline" ] || fail "headline_theorems.txt is empty"

# Reads "@@ theorem" marks and Print Assumptions output; writes "theorem axiom".
list_axioms() {
  awk '/^@@ / { thm = $2; next }
       /^Closed under the global context/ || /^Axioms:/ || /^Fetching opaque/ || /^[ \t]/ || /^$/ { next }
       { print thm, $1 }'
}
# Coq walks through everything a theorem rests on, so the theorems are printed
# together, as the parts of one value; one by one only if an axiom is refused.
while read -r id module theorem; do
  [ -f "$module.v" ] || fail "headline_theorems.txt ($id): no file $module.v"
  echo "AttentionBounds/$module/$theorem" | tr / .
done < "$work/headline" > "$work/names"
print_assumptions() { # reads names; prints the assumptions of each
  while read -r name; do
    echo "Goal True. idtac \"@@ ${name#AttentionBounds.}\". Abort."
    echo "Print Assumptions $name."
  done
}
{
  cut -d. -f1-3 "$work/names" | sort -u | sed 's/.*/Require &./'
  awk '{ print "Definition part_" NR " := @" $1 "."; all = all (NR > 1 ? ", " : "") "part_" NR }
       END { print "Definition headline := (" all ")." }' "$work/names"
} > "$work/assumptions.v"
cp "$work/assumptions.v" "$work/one_by_one.v"
echo headline | print_assumptions >> "$work/assumptions.v"
print_assumptions < "$work/names" >> "$work/one_by_one.v"
coqc -w -all -Q . AttentionBounds "$work/assumptions.v" > "$work/printed" || fail "Print Assumptions did not run"
list_axioms < "$work/printed" > "$work/used"
count=$(wc -l < "$work/names" | tr -d ' ')
[ "$(grep -c '^@@ headline' "$work/printed")" -eq 1 ] || fail "the assumptions were not printed"
[ -s "$work/used" ] || fail "no axiom was printed: not even those of the real numbers"
refused='NR == FNR { ok[$1] = 1; next } !($2 in ok) { print "  " $1 " uses " $2 }'
if [ -n "$(awk "$refused" "$work/allowed" "$work/used")" ]; then
  coqc -w -all -Q . AttentionBounds "$work/one_by_one.v" | list_axioms > "$work/used"
  fail "axioms outside allowed_axioms.txt:
$(awk "$refused" "$work/allowed" "$work/used")"
fi

# 4. the same reading of a theorem that rests on an extra axiom must report it
cat > "$work/negative_control.v" <<'CONTROL'
Axiom unwanted : False.
Theorem wrong : 0 = 1. Proof. destruct unwanted. Qed.
Goal True. idtac "@@ negative_control.wrong". Abort.
Print Assumptions wrong.
CONTROL
coqc -w -all "$work/negative_control.v" | list_axioms > "$work/control"
grep -q 'negative_control.wrong unwanted' "$work/control" || fail "the checker missed an axiom (self-test)"
strip_comments "$work/negative_control.v" | grep -qE "$forbidden" || fail "the checker missed the word Axiom (self-test)"

echo "check_proofs: $count headline theorems, $(echo "$files" | wc -l | tr -d ' ') files; axioms used:"
cut -d' ' -f2 "$work/used" | sort -u | sed 's/^/  /'
