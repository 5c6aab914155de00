(* Stein's identity for softmax weights of Gaussian scores.

   Z_0, ..., Z_{Lq-1} are independent standard normal variables; token l < L has the
   coordinates Z_{lq}, ..., Z_{lq+q-1}, the score S_l = <b, token l> and the weight
   p_l = e^{S_l} / sum_m e^{S_m}.  Then for every l < L, j < q
     E[Z_{lq+j} p_l] = b_j E[p_l (1 - p_l)]              (stein_weight)
   and so the softmax mean of a linear function of the tokens is biased by
     E sum_l p_l <be, token l - b> = - <be, b> r_2,   r_2 = E sum_l p_l^2  (flat_bias).

     flat_score m y    S_m = <b, token m> at the coordinates y
     flat_total y      sum_m e^{S_m}
     flat_weight m y   p_m = e^{S_m} / flat_total y
     flat_deviation y  sum_l p_l <be, token l - b> *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds.foundation Require Import finite_sums abstract_expectation integration probability_measure rest_independence.
From AttentionBounds.gaussian Require Import standard_normal gaussian_stein.
From AttentionBounds.gaussian Require softmax_derivative.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Section FlatModel.
Variables (L q : nat) (b be : nat -> RR).

Definition flat_score (m : nat) (y : nat -> RR) : RR := \sum_(j < q) b j * y (m * q + j)%N.
Definition flat_total (y : nat -> RR) : RR := \sum_(m < L) rexp (flat_score m y).
Definition flat_weight (m : nat) (y : nat -> RR) : RR := rexp (flat_score m y) / flat_total y.
Definition flat_deviation (y : nat -> RR) : RR :=
  \sum_(l < L) flat_weight l y * \sum_(j < q) be j * (y (l * q + j)%N - b j).

Lemma index_lt (l : 'I_L) (j : 'I_q) : (l * q + j < L * q)%N.
Proof.
apply: (@leq_trans (l.+1 * q)%N); first by rewrite mulSn addnC ltn_add2r.
by rewrite leq_mul2r ltn_ord orbT.
Qed.

Lemma flat_total_gt0 y : (0 < L)%N -> 0 < flat_total y.
Proof.
move=> L0; rewrite /flat_total (bigD1 (Ordinal L0))//= ltr_paddr ?rexp_gt0//.
by apply: sumr_ge0 => m _; rewrite ltW ?rexp_gt0.
Qed.

Lemma measurable_flat_score m : (m < L)%N -> measurable_functional (L * q) (flat_score m).
Proof.
move=> mL d S Y mY; apply: (@measurable_fun_sumr _ _ _ _ (fun (j : 'I_q) s => b j * Y (m * q + j)%N s)) => j.
apply: measurable_funM; first exact: measurable_fun_cst.
by apply: mY; exact: (index_lt (Ordinal mL)).
Qed.

Lemma measurable_flat_exp m : (m < L)%N ->
  measurable_functional (L * q) (fun y => rexp (flat_score m y)).
Proof.
move=> mL d S Y mY; apply: (measurable_fun_comp measurable_fun_exp).
exact: (measurable_flat_score mL mY).
Qed.

Lemma measurable_flat_weight m : (m < L)%N -> measurable_functional (L * q) (flat_weight m).
Proof.
move=> mL d S Y mY; apply: measurable_funM; first exact: (measurable_flat_exp mL mY).
apply: measurable_fun_invr_pos.
  apply: (@measurable_fun_sumr _ _ _ _ (fun (r : 'I_L) s => rexp (flat_score r (fun j => Y j s)))) => r.
  exact: (measurable_flat_exp (ltn_ord r) mY).
by move=> s; apply: flat_total_gt0; exact: leq_trans mL.
Qed.

(* ---- in the direction of one coordinate ---- *)

Section OneCoordinate.
Variables (l : 'I_L) (j : 'I_q).
Let k := (l * q + j)%N.
Let L0 : (0 < L)%N. Proof. exact: leq_trans (ltn_ord l). Qed.

Lemma same_index (m : nat) (i : 'I_q) : ((m * q + i)%N == k) = (m == l) && (i == j).
Proof.
apply/eqP/andP => [E|[/eqP -> /eqP ->]//].
have q0 : (0 < q)%N by exact: leq_trans (ltn_ord i).
have M : m = l.
  by have := congr1 (divn^~ q) E; rewrite /k !divnMDl// !divn_small// !addn0.
split; first by rewrite M.
by apply/eqP/val_inj; move: E; rewrite /k M => /addnI.
Qed.

Variable y : nat -> RR.
Let S (m : nat) (z : R) : R := flat_score m (update k z y).

Lemma flat_score_der m (z : R) : (m < L)%coq_nat ->
  derivable_pt_lim (S m) z (if Nat.eqb m l then b j else 0).
Proof.
move=> mL.
have -> : S m = fun x => rsum q (fun i => Rmult (b i) (update k x y (m * q + i)%N)).
  by apply/funext => x; rewrite /S /flat_score rsumE.
have -> : (if Nat.eqb m l then b j else 0) =
    rsum q (fun i => Rmult (b i) (if (m * q + i)%N == k then 1 else 0)) :> R.
  rewrite rsumE (eq_bigr (fun i : 'I_q => if i == j then (if m == l then b j else 0) else 0)).
    by rewrite -big_mkcond big_pred1_eq; case: PeanoNat.Nat.eqb_spec => [->|/eqP/negbTE ->]; rewrite ?eqxx.
  move=> i _; rewrite same_index RmultE.
  by case: (m == l); case: eqVneq => [->|_] /=; rewrite ?mulr1 ?mulr0.
apply: softmax_derivative.derivable_pt_lim_rsum => i iq.
apply: (@derivable_pt_lim_scal (fun x => update k x y (m * q + i)%N)).
rewrite /update; case: eqVneq => _; first exact: derivable_pt_lim_id.
exact: derivable_pt_lim_const.
Qed.

Let lL : (l < L)%coq_nat. Proof. exact/ssrnat.ltP. Qed.

Lemma flat_weight_softmax m z : flat_weight m (update k z y) = softmax_derivative.softmax L S m z.
Proof.
by rewrite /softmax_derivative.softmax /softmax_derivative.softmax_total RdivE' rsumE.
Qed.

Lemma flat_weight_der m z : (m < L)%N ->
  derivable_pt_lim (fun x => flat_weight m (update k x y)) z
    (b j * flat_weight m (update k z y) * ((m == l)%:R - flat_weight l (update k z y))).
Proof.
move=> mL; have := @softmax_derivative.softmax_der L l S (b j) lL flat_score_der m z (elimT ssrnat.ltP mL).
rewrite !flat_weight_softmax (_ : (fun x => _) = softmax_derivative.softmax L S m); last first.
  by apply/funext => x; rewrite flat_weight_softmax.
rewrite (_ : (if Nat.eqb m l then IZR 1 else IZR 0) = (m == l)%:R) //.
by case: PeanoNat.Nat.eqb_spec => [->|/eqP/negbTE ->]; rewrite ?eqxx.
Qed.

Lemma flat_weight_cont m z : (m < L)%N ->
  Ranalysis1.continuity_pt (fun x => flat_weight m (update k x y)) z.
Proof. by move=> mL; apply: derivable_continuous_pt; eexists; exact: flat_weight_der. Qed.
End OneCoordinate.

Lemma flat_weight_ge0 m y : (0 < L)%N -> 0 <= flat_weight m y.
Proof. by move=> L0; rewrite divr_ge0 ?(ltW (rexp_gt0 _))// ltW// flat_total_gt0. Qed.

Lemma flat_weight_sum y : (0 < L)%N -> \sum_(m < L) flat_weight m y = 1.
Proof. by move=> L0; rewrite -mulr_suml mulfV// gt_eqF// flat_total_gt0. Qed.

Lemma flat_weight_le1 m y : (m < L)%N -> flat_weight m y <= 1.
Proof.
move=> mL; have L0 : (0 < L)%N by exact: leq_trans mL.
rewrite -(flat_weight_sum y L0) (bigD1 (Ordinal mL))//= ler_addl.
by apply: sumr_ge0 => r _; exact: flat_weight_ge0.
Qed.

(* ---- expectations ---- *)

Context d (Om : measurableType d) (P : {measure set Om -> \bar RR}).
Hypothesis P1 : P setT = 1%E.
Variable Z : nat -> Om -> RR.
Hypothesis HZ : iid_with_law P standard_normal (L * q) Z.
Hypothesis L0 : (0 < L)%N.
Let mZ := proj1 HZ.
Let y o : nat -> RR := fun k => Z k o.

Theorem stein_weight (l : 'I_L) (j : 'I_q) :
  Pint P (fun o => Z (l * q + j)%N o * flat_weight l (y o)) /\
  Pint P (fun o => b j * flat_weight l (y o) * (1 - flat_weight l (y o))) /\
  \int[P]_o (Z (l * q + j)%N o * flat_weight l (y o)) =
  \int[P]_o (b j * flat_weight l (y o) * (1 - flat_weight l (y o))).
Proof.
have lL := ltn_ord l.
pose K (_ : nat -> RR) : RR := 1 + `|b j|.
have K1 : 1 <= 1 + `|b j| by rewrite ler_addl.
have sq1 (z : RR) : 1 <= 1 + z ^+ 2 by rewrite ler_addl sqr_ge0.
apply: (@stein_identity _ _ P P1 (L * q) Z HZ (l * q + j) (index_lt l j) K _ _ _ (flat_weight l)
   (fun y => b j * flat_weight l y * (1 - flat_weight l y))) => //.
- by move=> ? S Y mY; exact: (@measurable_fun_cst _ _ S _ setT (1 + `|b j|)).
- exact: Pint_const.
- exact: measurable_flat_weight.
- move=> ? S Y mY; have m1 := measurable_flat_weight lL mY.
  apply: measurable_funM; first by apply: measurable_funM => //; exact: measurable_fun_cst.
  by apply: measurable_funB => //; exact: measurable_fun_cst.
- by move=> z x; have := @flat_weight_der l j z l x lL; rewrite eqxx.
- move=> z x; have c1 := @flat_weight_cont l j z l x lL.
  apply: (continuity_pt_mult (fun x => Rmult (b j) (flat_weight l (update _ x z)))
     (fun x => Rminus 1 (flat_weight l (update _ x z)))).
    by apply: (continuity_pt_mult (fun=> b j)) => //; apply: continuity_pt_const.
  by apply: (continuity_pt_minus (fun=> IZR 1)) => //; apply: continuity_pt_const.
- move=> z /=; rewrite 2!normrM.
  have p0 := flat_weight_ge0 l z L0; have p1 := flat_weight_le1 z lL.
  have q0 : 0 <= 1 - flat_weight l z by rewrite subr_ge0.
  rewrite (ger0_norm p0) (ger0_norm q0) -mulrA.
  apply: (@le_trans _ _ (`|b j| * 1)).
    by rewrite ler_wpmul2l// -[X in _ <= X]mulr1 ler_pmul// ler_subl_addr ler_addl.
  rewrite mulr1 /K; apply: (@le_trans _ _ (1 + `|b j|)); first by rewrite ler_addr.
  by rewrite ler_pmulr// (lt_le_trans ltr01).
- move=> z /=; rewrite normrM (ger0_norm (flat_weight_ge0 l z L0)).
  apply: (@le_trans _ _ (1 * (1 + z (l * q + j)%N ^+ 2))).
    rewrite mul1r; apply: le_trans (norm_le_1_plus_sq _).
    by rewrite -[X in _ <= X]mulr1 ler_wpmul2l// flat_weight_le1.
  by rewrite ler_wpmul2r// (le_trans ler01).
Qed.

(* linearity of the mean over a finite sum *)
Lemma Pmean_sum n (g : 'I_n -> Om -> RR) (v : 'I_n -> RR) :
  (forall i, Pint P (g i)) -> (forall i, Pmean P (g i) = v i) ->
  Pint P (fun o => \sum_(i < n) g i o) /\ Pmean P (fun o => \sum_(i < n) g i o) = \sum_(i < n) v i.
Proof.
move=> Ig Eg; pose EP := probability_expectation P1.
pose g' i : Om -> R := if insub i is Some i' then g i' else fun=> 0.
have g'E (i : 'I_n) : g' i = g i by rewrite /g' valK.
have Ig' i : (i < n)%coq_nat -> Int EP (g' i).
  by move=> /ssrnat.ltP ilt; rewrite (g'E (Ordinal ilt)); exact: Ig.
have sE : (fun o => \sum_(i < n) g i o) = (fun o => rsum n (fun i => g' i o)).
  by apply/funext => o; rewrite rsumE; apply: eq_bigr => i _; rewrite g'E.
rewrite sE; split; first exact: (Int_rsum EP n g' Ig').
rewrite -[LHS]/(Ex EP (fun o => rsum n (fun i => g' i o))) (Ex_rsum EP n g' Ig') rsumE.
by apply: eq_bigr => i _; rewrite g'E -Eg.
Qed.

Let mean1 (l : 'I_L) := Pmean P (fun o => flat_weight l (y o)).
Let mean2 (l : 'I_L) := Pmean P (fun o => flat_weight l (y o) ^+ 2).

Lemma flat_weight_integrable (l : 'I_L) : Pint P (fun o => flat_weight l (y o)) /\
  Pint P (fun o => flat_weight l (y o) ^+ 2).
Proof.
have mp : measurable_fun setT (fun o => flat_weight l (y o)).
  by apply: (measurable_flat_weight (ltn_ord l)) => j jN; exact: mZ.
have p0 o := flat_weight_ge0 l (y o) L0; have p1 o := flat_weight_le1 (y o) (ltn_ord l).
split; apply: (@Pint_bounded _ _ P P1 1) => //.
- by move=> o; rewrite ger0_norm.
- exact: measurable_fun_sqr.
- by move=> o; rewrite ger0_norm ?sqr_ge0// expr_le1.
Qed.

Let term (l : 'I_L) (j : 'I_q) o : RR := flat_weight l (y o) * (be j * (Z (l * q + j)%N o - b j)).

Lemma term_mean (l : 'I_L) (j : 'I_q) : Pint P (term l j) /\
  Pmean P (term l j) = - (be j * b j * mean2 l) :> RR.
Proof.
have [I1 I2] := flat_weight_integrable l.
have [IZ [IS ES]] := stein_weight l j.
have J1 := Pint_lin (be j : R) (- (be j * b j) : RR) IZ I1.
have E1 := Pmean_lin (be j : R) (- (be j * b j) : RR) IZ I1.
have J2 := Pint_lin (b j : R) (- b j : RR) I1 I2.
have E2 := Pmean_lin (b j : R) (- b j : RR) I1 I2.
have Q1 o : Rplus (Rmult (be j) (Z (l * q + j)%N o * flat_weight l (y o)))
    (Rmult (- (be j * b j)) (flat_weight l (y o))) = term l j o.
  rewrite /term -[LHS]/(be j * (Z (l * q + j)%N o * flat_weight l (y o)) + - (be j * b j) * flat_weight l (y o)).
  by rewrite mulrBr mulrBr mulrA mulNr; congr (_ - _); rewrite mulrC.
have Q2 o : Rplus (Rmult (b j) (flat_weight l (y o))) (Rmult (- b j) (flat_weight l (y o) ^+ 2)) =
    b j * flat_weight l (y o) * (1 - flat_weight l (y o)).
  rewrite -[LHS]/(b j * flat_weight l (y o) + - b j * flat_weight l (y o) ^+ 2).
  by rewrite mulrBr mulr1 mulNr expr2 mulrA.
rewrite (funext Q1) in J1 E1; rewrite (funext Q2) in E2; split => //; rewrite E1.
rewrite -[Pmean P (fun o => Z _ o * _)]/(\int[P]_o (Z (l * q + j)%N o * flat_weight l (y o))) ES.
rewrite -[\int[P]_o _]/(Pmean P (fun o => b j * flat_weight l (y o) * (1 - flat_weight l (y o)))) E2.
rewrite -[Pmean P (fun o => flat_weight l (y o))]/(mean1 l) -[Pmean P (fun o => flat_weight l (y o) ^+ 2)]/(mean2 l).
rewrite -[LHS]/(be j * (b j * mean1 l + - b j * mean2 l) + - (be j * b j) * mean1 l).
by rewrite mulrDr !mulNr mulrN !mulrA addrAC subrr add0r.
Qed.

Theorem flat_bias : Pint P (fun o => flat_deviation (y o)) /\
  \int[P]_o flat_deviation (y o) =
  - (\sum_(j < q) be j * b j) * \int[P]_o (\sum_(l < L) flat_weight l (y o) ^+ 2).
Proof.
have tok (l : 'I_L) := @Pmean_sum q (fun j => term l j) (fun j => - (be j * b j * mean2 l))
  (fun j => proj1 (term_mean l j)) (fun j => proj2 (term_mean l j)).
have all := @Pmean_sum L (fun l o => \sum_(j < q) term l j o) (fun l => \sum_(j < q) - (be j * b j * mean2 l))
  (fun l => proj1 (tok l)) (fun l => proj2 (tok l)).
have DE : (fun o => \sum_(l < L) \sum_(j < q) term l j o) = (fun o => flat_deviation (y o)).
  by apply/funext => o; apply: eq_bigr => l _; rewrite mulr_sumr.
rewrite DE in all; case: all => I E; split => //; rewrite -[LHS]/(Pmean P (fun o => flat_deviation (y o))) E.
have [_ R2] := @Pmean_sum L (fun l o => flat_weight l (y o) ^+ 2) mean2
  (fun l => proj2 (flat_weight_integrable l)) (fun l => erefl).
rewrite -[\int[P]_o (\sum_(l < L) _)]/(Pmean P (fun o => \sum_(l < L) flat_weight l (y o) ^+ 2)) R2.
rewrite mulr_sumr; apply: eq_bigr => l _; rewrite mulNr mulr_suml -sumrN.
by apply: eq_bigr.
Qed.
End FlatModel.
