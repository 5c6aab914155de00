(* T4 in the vocabulary of the certificates: the error is at most the numeric
   function of bounds_definitions.v, at any upper estimates A2', F0', rho', ...
   of the moments.  A certificate that this number is at most a decimal then
   bounds the error by the decimal (chernoff_mean_square_certified,
   chernoff_tail_certified, chernoff_fourth_moment_certified). *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds.foundation Require Import integration probability_measure.
From AttentionBounds.chernoff Require Import chernoff_bound.
From AttentionBounds.certificate Require bounds_definitions bounds_monotone.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Section Certified.
Context d d' (Om : measurableType d) (T : measurableType d').
Variables (P : {measure set Om -> \bar RR}) (mu : {measure set T -> \bar RR}).
Hypothesis P1 : P setT = 1%E.
Hypothesis mu1 : mu setT = 1%E.
Variables (L : nat) (X : nat -> Om -> T).
Hypothesis HX : iid_with_law P mu L X.
Variables (w : T -> RR) (delta : RR) (m : nat) (f : 'I_m -> T -> RR).
Hypothesis mw : measurable_fun setT w.
Hypothesis mf : forall k, measurable_fun setT (f k).
Hypothesis w0 : forall x, 0 < w x.
Hypothesis Iw2 : mu.-integrable setT (fun x => (w x ^+ 2)%:E).
Hypothesis Ewf : forall k, \int[mu]_x (w x * f k x) = 0.
Let Z := \int[mu]_x w x.
Let A2 := (\sum_(k < m) \int[mu]_x ((w x * f k x) ^+ 2)) / Z ^+ 2.
Let F0 := \sum_(k < m) \int[mu]_x (f k x ^+ 2).
Let A4 := (\int[mu]_x ((\sum_(k < m) (w x * f k x) ^+ 2) ^+ 2)) / Z ^+ 4.
Let F4 := \int[mu]_x ((\sum_(k < m) f k x ^+ 2) ^+ 2).
Let rho := tilted_rho mu w.

Lemma chernoff_boundE (A F r D : RR) : bounds_definitions.chernoff_bound A F r (INR L) D =
  A / ((1 - D) ^+ 2 * L%:R) + L%:R * F * rexp (- (D * L%:R - 1) ^+ 2 / (2%:R * (L%:R - 1) * r)).
Proof. exact: (@chernoff_valueE L D r A F). Qed.

Lemma Rmean_ge0 (g : T -> RR) : (forall x, 0 <= g x) -> 0 <= \int[mu]_x g x.
Proof. by move=> g0; apply/fine_ge0/integral_ge0 => x _; rewrite lee_fin. Qed.

Lemma A2_ge0 : 0 <= A2.
Proof.
by rewrite mulr_ge0// ?invr_ge0 ?sqr_ge0//; apply: sumr_ge0 => k _; apply: Rmean_ge0 => x; exact: sqr_ge0.
Qed.

Lemma rho_gt0 : 0 < rho.
Proof.
have Z0 : 0 < Z by exact: (Pmean_gt0 mu1 (Pint_of_sq mu1 mw Iw2) w0).
by rewrite divr_gt0// ?exprn_gt0//; apply: (Pmean_gt0 mu1 Iw2) => x; rewrite exprn_gt0.
Qed.

Theorem chernoff_mean_square_certified (A2' F0' rho' c : RR) :
  (2 <= L)%N -> 1 / L%:R < delta < 1 ->
  (forall k, mu.-integrable setT (fun x => (f k x ^+ 2)%:E)) ->
  (forall k, mu.-integrable setT (fun x => ((w x * f k x) ^+ 2)%:E)) ->
  A2 <= A2' -> F0 <= F0' -> rho <= rho' ->
  Rle (bounds_definitions.chernoff_bound A2' F0' rho' (INR L) delta) c ->
  is_true (\int[P]_o (\sum_(k < m) (weighted_mean L X w (f k) o) ^+ 2)%:E <= c%:E)%E.
Proof.
move=> HL Hd If2 Iwf2 hA hF hr hc.
apply: le_trans (chernoff_mean_square P1 mu1 HX HL Hd mw mf w0 Iw2 If2 Iwf2 Ewf) _.
rewrite lee_fin -chernoff_boundE; apply/RleP; apply: Rle_trans hc.
apply: bounds_monotone.chernoff_bound_monotone; try exact/RleP.
- by apply: (lt_1_INR L); exact/ssrnat.ltP.
- by case/andP: Hd => _ /RltP.
- by apply/RleP/sumr_ge0 => k _; apply: Rmean_ge0 => x; exact: sqr_ge0.
- exact/RltP/rho_gt0.
Qed.

Theorem chernoff_tail_certified (eps A2' rho' c : RR) :
  (1 <= L)%N -> 0 < delta < 1 -> 0 < eps ->
  (forall k, mu.-integrable setT (fun x => ((w x * f k x) ^+ 2)%:E)) ->
  A2 <= A2' -> rho <= rho' ->
  Rle (bounds_definitions.chernoff_tail_bound A2' rho' (INR L) delta eps) c ->
  is_true (P [set o | eps <= Num.sqrt (\sum_(k < m) (weighted_mean L X w (f k) o) ^+ 2)]%R <= c%:E)%E.
Proof.
move=> HL Hd He Iwf2 hA hr hc.
apply: le_trans (chernoff_tail P1 mu1 HX HL Hd He mw mf w0 Iw2 Iwf2 Ewf) _.
rewrite lee_fin; apply/RleP; apply: Rle_trans hc.
apply: (@Rle_trans _ (bounds_definitions.chernoff_tail_bound A2 rho (INR L) delta eps)).
  apply: Req_le; rewrite /bounds_definitions.chernoff_tail_bound.
  by rewrite !RdivE' !pow2E RplusE !RmultE RminusE RoppE INRE IZR2E.
apply: bounds_monotone.chernoff_tail_bound_monotone; try exact/RleP.
- by apply: (lt_0_INR L); exact/ssrnat.ltP.
- by case/andP: Hd => _ /RltP.
- exact/RltP.
- exact/RltP/rho_gt0.
Qed.

Theorem chernoff_fourth_moment_certified (A4' A2' F4' rho' c : RR) :
  (2 <= L)%N -> 1 / L%:R < delta < 1 ->
  mu.-integrable setT (fun x => ((\sum_(k < m) f k x ^+ 2) ^+ 2)%:E) ->
  mu.-integrable setT (fun x => ((\sum_(k < m) (w x * f k x) ^+ 2) ^+ 2)%:E) ->
  A4 <= A4' -> A2 <= A2' -> F4 <= F4' -> rho <= rho' ->
  Rle (bounds_definitions.chernoff_fourth_bound A4' A2' F4' rho' (INR L) delta) c ->
  is_true (\int[P]_o ((\sum_(k < m) (weighted_mean L X w (f k) o) ^+ 2) ^+ 2)%:E <= c%:E)%E.
Proof.
move=> HL Hd If4 Iwf4 hA4 hA2 hF hr hc.
apply: le_trans (chernoff_fourth_moment P1 mu1 HX HL Hd mw mf w0 Iw2 If4 Iwf4 Ewf) _.
rewrite lee_fin; apply/RleP; apply: Rle_trans hc.
apply: (@Rle_trans _ (bounds_definitions.chernoff_fourth_bound A4 A2 F4 rho (INR L) delta)).
  apply: Req_le; rewrite /bounds_definitions.chernoff_fourth_bound.
  rewrite !RdivE' !RpowE !RplusE !RmultE !RminusE RoppE INRE IZR2E.
  by rewrite (_ : IZR 3 = 3%:R :> RR)// -[3%:R](INRE 3) /=.
apply: bounds_monotone.chernoff_fourth_bound_monotone; try exact/RleP.
- by apply: (lt_1_INR L); exact/ssrnat.ltP.
- by case/andP: Hd => _ /RltP.
- exact/RleP/A2_ge0.
- by apply/RleP; apply: Rmean_ge0 => x; exact: sqr_ge0.
- exact/RltP/rho_gt0.
Qed.
End Certified.
