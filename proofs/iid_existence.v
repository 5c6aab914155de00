(* I.i.d. samples of every size exist for every probability measure, so the
   theorems about i.i.d. tokens are not vacuous. *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From HB Require Import structures.
From AttentionBounds Require Import real_bridges probability_measure.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Section Existence.
Context d' (T : measurableType d') (mu : {measure set T -> \bar RR}).
Hypothesis mu1 : mu setT = 1%E.

Lemma probability_sigma_finite d (Om : measurableType d) (P : {measure set Om -> \bar RR}) :
  P setT = 1%E -> sigma_finite setT P.
Proof.
move=> P1; exists (fun=> setT); first by rewrite bigcup_const //; exists 0%N.
by move=> _; split => //; rewrite P1 ltey.
Qed.

Theorem iid_exists (L : nat) : exists d (Om : measurableType d) (P : {measure set Om -> \bar RR})
  (X : nat -> Om -> T), P setT = 1%E /\ iid_with_law P mu L X.
Proof.
elim: L => [|L [d [Om [P [X [P1 [mX HX]]]]]]].
  exists d', T, mu, (fun _ => id); split => //; split => // A mA.
  by rewrite big_ord0 -mu1; congr (mu _); rewrite predeqE => x; split.
have sf := probability_sigma_finite mu1.
pose P' := [the measure _ _ of product_measure1 P sf].
pose X' (i : nat) (o : [the measurableType _ of (Om * T)%type]) := if i == L then o.2 else X i o.1.
exists _, [the measurableType _ of (Om * T)%type], P', X'; split.
  by rewrite -setMTT [LHS]product_measure1E// P1 mu1 mule1.
split.
  move=> i iL; rewrite /X'; case: (eqVneq i L) => [_|iNL]; first exact: ((prod_measurable_funP id).1 (@measurable_fun_id _ _ _)).2.
  apply: (@measurable_fun_comp _ _ _ _ _ _ (X i)); last exact: ((prod_measurable_funP id).1 (@measurable_fun_id _ _ _)).1.
  by apply: mX; rewrite ltn_neqAle iNL -ltnS.
move=> A mA; rewrite big_ord_recr /= -HX//.
have mE : measurable [set o | forall i, (i < L)%N -> A i (X i o)].
  rewrite (_ : [set o | _] = \bigcap_(i in [set i | (i < L)%N]) (X i @^-1` A i))//.
  apply: bigcap_measurable => i /= iL.
  by rewrite -[_ @^-1` _]setTI; apply: mX.
rewrite -product_measure1E//; congr (product_measure1 _ _ _).
rewrite predeqE => -[o x]; split => /= [H|[H1 H2] i].
  split=> [i iL|]; last by have := H L (ltnSn L); rewrite /X' eqxx.
  by have := H i (ltnW iL); rewrite /X' ltn_eqF.
rewrite ltnS leq_eqVlt /X'; have [->//|_ /= iL] := eqVneq i L.
exact: H1.
Qed.
End Existence.
