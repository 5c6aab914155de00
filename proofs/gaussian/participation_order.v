(* Theorem T3, order inequality.

   For weights p_i >= 0 with sum 1 and P_k = sum_i p_i^k:
     P_2^2 <= P_3 <= P_2 <= 1                  (participation_square_le_cube, ...).
   For random weights, r_k = E P_k and E22 = E P_2^2, hence
     0 <= r_2 <= 1,  E22 <= r_3 <= r_2,        (participation_means_order)
   and for eta >= 0 the exact Gaussian error is at most its simple form:
     r_2 tau + (r_2 - 6 r_3 + 6 E22) eta <= (tau + eta) r_2   (gaussian_error_order).
   participation_means_order_softmax: the weights of i.i.d. tokens.

     participation L p k     P_k = sum_i p_i^k;  participation_two_le_one: P_2 <= 1 *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds.foundation Require Import integration probability_measure.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

(* P_k = sum_i p_i^k *)
Definition participation (L : nat) (p : nat -> RR) (k : nat) : RR := \sum_(i < L) p i ^+ k.

Section Weights.
Variables (L : nat) (p : nat -> RR).
Hypothesis p_ge0 : forall i, (i < L)%N -> 0 <= p i.
Hypothesis p_sum : \sum_(i < L) p i = 1.

Lemma weight_le1 i : (i < L)%N -> p i <= 1.
Proof.
move=> iL; rewrite -p_sum (bigD1 (Ordinal iL))//= ler_addl.
by apply: sumr_ge0 => j _; exact: p_ge0.
Qed.

Lemma participation_ge0 k : 0 <= participation L p k.
Proof. by apply: sumr_ge0 => i _; rewrite exprn_ge0// p_ge0. Qed.

(* P_{k+1} <= P_k *)
Lemma participation_decreasing k : participation L p k.+1 <= participation L p k.
Proof.
apply: ler_sum => i _; rewrite exprS ler_pimull ?weight_le1//.
by rewrite exprn_ge0// p_ge0.
Qed.

Theorem participation_two_le_one : participation L p 2 <= 1.
Proof.
rewrite -p_sum; apply: (le_trans (participation_decreasing 1)).
by rewrite le_eqVlt; apply/orP; left; apply/eqP; apply: eq_bigr => i _; rewrite expr1.
Qed.

(* Cauchy-Schwarz with sum p_i = 1: 0 <= sum_i p_i (p_i - P_2)^2 = P_3 - P_2^2. *)
Theorem participation_square_le_cube : participation L p 2 ^+ 2 <= participation L p 3.
Proof.
set c := participation L p 2.
have E : \sum_(i < L) p i * (p i - c) ^+ 2 = participation L p 3 - c ^+ 2.
  rewrite (eq_bigr (fun i : 'I_L => p i ^+ 3 - 2%:R * c * p i ^+ 2 + c ^+ 2 * p i)).
    rewrite big_split/= sumrB -!mulr_sumr p_sum mulr1 -/(participation L p 2) -/c.
    rewrite -/(participation L p 3) -mulrA -expr2 mulr_natl mulr2n opprD addrA.
    by rewrite subrK.
  move=> i _; rewrite sqrrB mulrDr mulrBr; congr (_ - _ + _).
  - by rewrite -[in LHS]mulr_natl [LHS]mulrCA -[RHS]mulrA [p i * (p i * c)]mulrA -expr2 [c * _]mulrC.
  - by rewrite mulrC.
rewrite -subr_ge0 -E; apply: sumr_ge0 => i _.
by rewrite mulr_ge0 ?p_ge0// sqr_ge0.
Qed.
End Weights.

Section RandomWeights.
Context d (Om : measurableType d) (P : {measure set Om -> \bar RR}).
Hypothesis P1 : P setT = 1%E.
Variables (L : nat) (p : Om -> nat -> RR).
Hypothesis mp : forall i, (i < L)%N -> measurable_fun setT (p^~ i).
Hypothesis p_ge0 : forall o i, (i < L)%N -> 0 <= p o i.
Hypothesis p_sum : forall o, \sum_(i < L) p o i = 1.
Let P_ k o := participation L (p o) k.

Lemma measurable_participation k : measurable_fun setT (P_ k).
Proof.
apply: (@measurable_fun_sumr _ _ _ _ (fun (i : 'I_L) o => p o i ^+ k)) => i.
elim: k => [|k IH].
  by rewrite (_ : (fun _ => _) = cst 1); [exact: measurable_fun_cst|apply/funext => o; rewrite expr0].
rewrite (_ : (fun _ => _) = (p^~ i) \* (fun o => p o i ^+ k)); last by apply/funext => o; rewrite exprS.
by apply: measurable_funM => //; exact: mp.
Qed.

(* r_k = E P_k, k >= 1 *)
Lemma Pint_participation k : Pint P (P_ k.+1).
Proof.
apply: (@Pint_bounded _ _ P P1 1); first exact: measurable_participation.
move=> o; rewrite ger0_norm; last exact/participation_ge0/p_ge0.
elim: k => [|k IH]; last exact: le_trans (participation_decreasing (p_ge0 o) (p_sum o) _) IH.
by rewrite /P_ /participation -(p_sum o) (eq_bigr (fun i : 'I_L => p o i)).
Qed.

Lemma Pint_participation_square : Pint P (fun o => P_ 2 o ^+ 2).
Proof.
apply: (@Pint_bounded _ _ P P1 1); first by apply: measurable_fun_sqr; exact: measurable_participation.
move=> o; rewrite ger0_norm ?sqr_ge0// -(expr1n _ 2) ler_sqr ?nnegrE ?ler01//.
  exact: participation_two_le_one (p_ge0 o) (p_sum o).
exact/participation_ge0/p_ge0.
Qed.

Let r k : RR := \int[P]_o P_ k o.
Let E22 : RR := \int[P]_o (P_ 2 o ^+ 2).

Theorem participation_means_order : [/\ 0 <= r 2, r 2 <= 1, E22 <= r 3 & r 3 <= r 2].
Proof.
have mono (g h : Om -> RR) : Pint P g -> Pint P h -> (forall o, g o <= h o) ->
    \int[P]_o g o <= \int[P]_o h o.
  by move=> Ig Ih gh; apply/RleP; apply: (Pmean_mono Ig Ih) => o; apply/RleP.
have cstE (c : RR) : \int[P]_o c = c by exact: (Pmean_const P1 c).
split.
- rewrite -[X in X <= _](cstE 0); apply: mono; [exact: (Pint_const P1)|exact: Pint_participation|].
  by move=> o; exact/participation_ge0/p_ge0.
- rewrite -[X in _ <= X](cstE 1); apply: mono; [exact: Pint_participation|exact: (Pint_const P1)|].
  by move=> o; exact: participation_two_le_one (p_ge0 o) (p_sum o).
- apply: mono; [exact: Pint_participation_square|exact: Pint_participation|].
  by move=> o; exact: participation_square_le_cube (p_ge0 o) (p_sum o).
- apply: mono; [exact: Pint_participation|exact: Pint_participation|].
  by move=> o; exact: participation_decreasing (p_ge0 o) (p_sum o) _.
Qed.

Theorem gaussian_error_order (tau eta : RR) : 0 <= eta ->
  r 2 * tau + (r 2 - 6%:R * r 3 + 6%:R * E22) * eta <= (tau + eta) * r 2.
Proof.
move=> eta0; case: participation_means_order => _ _ h _.
rewrite [(tau + eta) * _]mulrDl [r 2 * tau]mulrC ler_add2l [X in X <= _]mulrC; apply: ler_wpmul2l => //.
by rewrite -addrA ger_addl addrC subr_le0 ler_pmul2l// ltr0n.
Qed.
End RandomWeights.

(* The attention weights p_i = w(X_i) / sum_j w(X_j) of L >= 1 tokens. *)
Theorem participation_means_order_softmax d d' (Om : measurableType d) (T : measurableType d')
  (P : {measure set Om -> \bar RR}) (L : nat) (X : nat -> Om -> T) (w : T -> RR) :
  P setT = 1%E -> (1 <= L)%N -> (forall i, (i < L)%N -> measurable_fun setT (X i)) ->
  measurable_fun setT w -> (forall x, 0 < w x) ->
  let p o i := w (X i o) / \sum_(j < L) w (X j o) in
  let r k := \int[P]_o participation L (p o) k in
  let E22 := \int[P]_o (participation L (p o) 2 ^+ 2) in
  [/\ 0 <= r 2%N, r 2%N <= 1, E22 <= r 3%N, r 3%N <= r 2%N &
   forall tau eta : RR, 0 <= eta ->
     r 2%N * tau + (r 2%N - 6%:R * r 3%N + 6%:R * E22) * eta <= (tau + eta) * r 2%N].
Proof.
move=> P1 L1 mX mw w0 p r E22.
have W0 o : 0 < \sum_(j < L) w (X j o).
  rewrite (bigD1 (Ordinal L1))//= ltr_paddr//.
  by apply: sumr_ge0 => j _; exact/ltW.
have mwX i : (i < L)%N -> measurable_fun setT (fun o => w (X i o)).
  by move=> iL; apply: (measurable_fun_comp mw (mX i iL)).
have mp i : (i < L)%N -> measurable_fun setT (p^~ i).
  move=> iL; apply: measurable_funM; first exact: mwX.
  apply: measurable_fun_invr_pos => //.
  by apply: (@measurable_fun_sumr _ _ _ _ (fun (j : 'I_L) o => w (X j o))) => j; exact: mwX.
have p0 o i : (i < L)%N -> 0 <= p o i by move=> _; rewrite divr_ge0// ltW.
have p1 o : \sum_(i < L) p o i = 1 by rewrite -mulr_suml mulfV// gt_eqF.
have [h1 h2 h3 h4] := participation_means_order P1 mp p0 p1.
by split => // tau eta; exact: (gaussian_error_order P1 mp p0 p1).
Qed.
