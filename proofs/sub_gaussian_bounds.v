(* T6, `sub-gaussian-chernoff`, `sub-gaussian-laplace` and `crude-bound`: the error of
   attention over L i.i.d. tokens of a law known only through its variance proxy s2.

   Notation of sub_gaussian_attention.v: y = s2 |a|^2, V V^T = O diag(nu) O^T with O
   orthogonal, nu_j <= op2, 0 < lam, 2 lam s2 op2 < 1, c = V m(a).  The mean squared
   error E|That - T|^2 = E sum_i (attention_i - c_i)^2 is at most

     T4 at A2 = subgaussian_A2, F0 = subgaussian_F0, rho = e^{2y}, L >= 2   (sub_gaussian_chernoff)
     T5 at that A2, rho = e^{2y}, kap = e^y, L >= 6, one or two splits      (sub_gaussian_laplace)
     (ln L + D) / lam, L >= 1, D = norm_mgf_bound at |c|^2 = 4 y s2 op2     (sub_gaussian_crude). *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap zmodp matrix.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds Require Import finite_sums self_normalised abstract_expectation independence.
From AttentionBounds Require Import real_bridges probability_measure chernoff_certified laplace_bound tilted_mean.
From AttentionBounds Require Import norm_mgf sub_gaussian_moments sub_gaussian_attention.
From AttentionBounds Require Import bounds_definitions.
From AttentionBounds Require laplace_monotone.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Section SubGaussianBounds.
Context d' (T : measurableType d') (mu : {measure set T -> \bar RR}).
Hypothesis mu1 : mu setT = 1%E.
Variables (d : nat) (x : 'I_d -> T -> RR) (s2 : RR).
Hypothesis mx : forall k, measurable_fun setT (x k).
Hypothesis s2_pos : 0 < s2.
Hypothesis x_sub : subgaussian mu x s2.
Hypothesis x_mean : forall k, \int[mu]_t x k t = 0.
Variables (m : nat) (V : 'M[RR]_(m, d)) (O : 'M[RR]_m) (nu : 'rV[RR]_m) (op2 : RR).
Hypothesis O_orthogonal : O^T *m O = 1%:M.
Hypothesis V_eigen : V *m V^T = O *m diag_mx nu *m O^T.
Hypothesis op2_pos : 0 < op2.
Hypothesis nu_le : forall j, nu 0 j <= op2.
Variables (a : 'I_d -> RR) (lam : RR).
Hypothesis lam0 : 0 < lam.
Hypothesis lam_lt : 2%:R * lam * s2 * op2 < 1.
Context d0 (Om : measurableType d0) (P : {measure set Om -> \bar RR}).
Hypothesis P1 : P setT = 1%E.
Variables (L : nat) (X : nat -> Om -> T).
Hypothesis HX : iid_with_law P mu L X.

Let w := token_weight x a.
Let c := population mu x V a.
Let f := deviation mu x V a.
Let y := s2 * square_norm a.
Let A2' : RR := subgaussian_A2 y s2 (eigenvalues nu) op2 lam.
Let F0' : RR := subgaussian_F0 y s2 (eigenvalues nu) op2.

(* coordinate i of the attention output, and its squared distance to c *)
Definition prompt_output (i : 'I_m) (o : Om) : RR := weighted_mean L X w (token_value x V i) o.
Definition square_error (o : Om) : RR := \sum_(i < m) (prompt_output i o - c i) ^+ 2.

Let w0 := token_weight_gt0 x a.
Let mw : measurable_fun setT w := measurable_token_weight mx a.
Let mf i : measurable_fun setT (f i) := measurable_deviation mu mx V a i.
Let mean_zero i := weighted_deviation_mean mu1 mx x_sub x_mean V a i.
Let Iw2 := proj1 (token_weight_square mx x_sub a).
Let Iwinv := proj1 (token_weight_inverse mx x_sub a).
Let Iwf2 i := weighted_deviation_square mu1 mx x_sub V a i.
Let If2 i := proj1 (deviation_square mu1 mx s2_pos x_sub x_mean V a i).
Let rho_le := sub_gaussian_rho mu1 mx x_sub x_mean a.
Let kappa_le := sub_gaussian_kappa mu1 mx x_sub x_mean a.
Let A2_le := sub_gaussian_A2_le mu1 mx s2_pos x_sub x_mean O_orthogonal V_eigen op2_pos nu_le a lam0 lam_lt.
Let F0_le := sub_gaussian_F0_le mu1 mx s2_pos x_sub x_mean O_orthogonal V_eigen op2_pos nu_le a.

Let errorE o : (0 < L)%N -> square_error o = \sum_(i < m) (weighted_mean L X w (f i) o) ^+ 2.
Proof.
move=> L0; apply: eq_bigr => i _; congr (_ ^+ 2); rewrite /prompt_output /weighted_mean.
pose W := \sum_(j < L) w (X j o); rewrite -/W.
have W0 : W != 0.
  rewrite gt_eqF// /W (bigD1 (Ordinal L0))//= ltr_paddr//.
  by apply: sumr_ge0 => j _; exact/ltW.
have one : \sum_(j < L) w (X j o) / W = 1 by rewrite -mulr_suml mulfV.
rewrite -[c i]mul1r -one mulr_suml -sumrB; apply: eq_bigr => j _.
by rewrite -mulrBr.
Qed.

Let error_integral : (0 < L)%N -> (\int[P]_o (square_error o)%:E =
  \int[P]_o (\sum_(i < m) (weighted_mean L X w (f i) o) ^+ 2)%:E)%E.
Proof. by move=> L0; apply: eq_integral => o _; rewrite errorE. Qed.

Let exp2y : rexp (2%:R * y) = Rtrigo_def.exp (Rmult 2 y). Proof. by rewrite RmultE IZR2E. Qed.

Theorem sub_gaussian_chernoff (delta : RR) : (2 <= L)%N -> 1 / L%:R < delta < 1 ->
  (\int[P]_o (square_error o)%:E
    <= (subgaussian_chernoff_bound y s2 (eigenvalues nu) op2 lam L%:R delta : RR)%:E)%E.
Proof.
move=> L2 Hd; rewrite error_integral; last exact: ltnW.
apply: (chernoff_mean_square_certified P1 mu1 HX mw mf w0 Iw2 mean_zero L2 Hd If2 Iwf2 A2_le F0_le rho_le).
by rewrite INRE exp2y; exact: Rle_refl.
Qed.

Theorem sub_gaussian_laplace (c2 c4 : splits) (th2 th4 : RR) : (6 <= L)%N -> 0 < th2 <= 1 -> 0 < th4 <= 1 ->
  (\int[P]_o (square_error o)%:E
    <= (subgaussian_laplace_split_bound c2 c4 y s2 (eigenvalues nu) op2 lam L%:R th2 th4 : RR)%:E)%E.
Proof.
move=> L6 H2 H4; rewrite error_integral; last exact: leq_trans L6.
have := laplace_mean_square_splits P1 mu1 HX mw w0 Iw2 Iwinv c2 c4 L6 H2 H4 mf Iwf2 mean_zero.
cbv zeta => /le_trans; apply; rewrite lee_fin; apply/RleP.
have Z0 : 0 < \int[mu]_t w t by exact: (Pmean_gt0 mu1 (Pint_of_sq mu1 mw Iw2) w0).
case/andP: H2 => /RltP h1 /RleP h2; case/andP: H4 => /RltP h3 /RleP h4.
apply: laplace_monotone.laplace_split_bound_monotone; try split; try exact/RleP; try done.
- rewrite -INRE; apply: (Rle_trans _ (INR 6)); last by apply: le_INR; exact/ssrnat.leP.
  by rewrite INR_IZR_INZ /=; exact: Rle_refl.
- apply/RleP; rewrite divr_ge0 ?sqr_ge0//; apply: sumr_ge0 => i _.
  by apply/fine_ge0/integral_ge0 => t _; rewrite lee_fin sqr_ge0.
- apply/RltP; rewrite divr_gt0 ?exprn_gt0//; apply: (Pmean_gt0 mu1 Iw2) => t.
  by rewrite exprn_gt0.
- apply/RleP; rewrite mulr_ge0 ?(ltW Z0)//; apply/fine_ge0/integral_ge0 => t _.
  by rewrite lee_fin invr_ge0 ltW.
Qed.

(* ---- the bound without moments of the weight ---- *)

Let total t := \sum_(i < m) f i t ^+ 2.
Let D : RR := norm_mgf_bound s2 (eigenvalues nu) op2 (tilted_mean_square_bound y s2 op2) lam.

(* e^{lam |That - T|^2} <= sum_j e^{lam |f(X_j)|^2}: convexity, twice *)
Let exp_error_le o : (0 < L)%N -> rexp (lam * square_error o) <= \sum_(j < L) rexp (lam * total (X j o)).
Proof.
move=> L0; rewrite (errorE o L0).
pose W := \sum_(j < L) w (X j o); pose p (j : 'I_L) := w (X j o) / W.
have W0 : 0 < W.
  by rewrite /W (bigD1 (Ordinal L0))//= ltr_paddr//; apply: sumr_ge0 => j _; exact/ltW.
have p0 j : 0 <= p j by rewrite divr_ge0// ltW.
have p1 : \sum_(j < L) p j = 1 by rewrite -mulr_suml mulfV// gt_eqF.
pose Q := \sum_(j < L) p j * total (X j o).
have QE : \sum_(i < m) weighted_mean L X w (f i) o ^+ 2 <= Q.
  rewrite /Q; under [X in _ <= X]eq_bigr do rewrite mulr_sumr.
  rewrite exchange_big /=; apply: ler_sum => i _; rewrite /weighted_mean -/W.
  rewrite -/(weighted_mean L X w (f i) o) -[X in _ <= X]/(weighted_mean L X w (fun t => f i t ^+ 2) o).
  rewrite !weighted_meanE -pow2E (_ : (fun j => f i (X j o) ^+ 2) = (fun j => pow (f i (X j o)) 2)).
    apply/RleP/self_normalised_jensen => [|j _]; first exact/ssrnat.ltP.
    by apply/RltP.
  by apply/funext => j; rewrite pow2E.
apply: (@le_trans _ _ (rexp (lam * Q))); first by apply: ler_rexp; rewrite ler_pmul2l.
apply: (@le_trans _ _ (\sum_(j < L) p j * rexp (lam * total (X j o)))); last first.
  apply: ler_sum => j _; apply: ler_pimull; first exact/ltW/rexp_gt0.
  rewrite /p ler_pdivr_mulr// mul1r.
  by rewrite /W (bigD1 j)//= ler_addl; apply: sumr_ge0 => l _; exact/ltW.
have -> : rexp (lam * Q) = \sum_(j < L) p j * (rexp (lam * Q) * (1 + (lam * total (X j o) - lam * Q))).
  rewrite (eq_bigr (fun j => rexp (lam * Q) * (p j * (1 - lam * Q) + lam * (p j * total (X j o))))).
    by rewrite -mulr_sumr big_split /= -mulr_suml p1 -mulr_sumr -/Q mul1r subrK mulr1.
  move=> j _; rewrite mulrCA; congr (_ * _).
  by rewrite [lam * (_ * _)]mulrCA -mulrDr; congr (_ * _); rewrite [in RHS]addrAC -addrA.
apply: ler_sum => j _; apply: ler_wpmul2l => //.
have -> : rexp (lam * total (X j o)) = rexp (lam * Q) * rexp (lam * total (X j o) - lam * Q).
  by rewrite -rexpD addrC subrK.
by apply: ler_wpmul2l; [exact/ltW/rexp_gt0|exact: rexp_ge1D].
Qed.

Theorem sub_gaussian_crude : (1 <= L)%N ->
  (\int[P]_o (square_error o)%:E <= (crude_bound y s2 (eigenvalues nu) op2 lam L%:R : RR)%:E)%E.
Proof.
move=> L0.
have [IY HY] := deviation_mgf mu1 mx s2_pos x_sub x_mean O_orthogonal V_eigen op2_pos nu_le a lam0 lam_lt.
have S (j : 'I_L) : Pint P (fun o => rexp (lam * total (X j o))) /\
    Pmean P (fun o => rexp (lam * total (X j o))) = Pmean mu (fun t => rexp (lam * total t)).
  have PR := iid_product_rule P1 mu1 HX.
  exact: (@product_rule_single _ _ (probability_expectation P1) (probability_expectation mu1) X L PR
    (fun t => rexp (lam * total t)) j (elimT ssrnat.ltP (ltn_ord j)) IY).
have [I E] := @gaussian_flat_bias.Pmean_sum _ _ P P1 L _ _ (fun j => proj1 (S j)) (fun j => proj2 (S j)).
pose K : RR := ln L%:R + D.
have L1 : (0 : RR) < L%:R by rewrite ltr0n.
have KE : rexp (- K) * (L%:R * rexp D) = 1.
  have -> : L%:R * rexp D = rexp K by rewrite /K [rexp (_ + D)]rexpD; congr (_ * _); rewrite exp_ln//; exact/RltP.
  by rewrite -rexpD addNr -[LHS]/(Rtrigo_def.exp 0) exp_0.
have [J F] := mean_lin (lam^-1 * (K - 1)) (lam^-1 * rexp (- K)) (Pint_const P1 1) I.
have Q0 o : 0 <= square_error o by apply: sumr_ge0 => i _; exact: sqr_ge0.
have le o : square_error o <= lam^-1 * (K - 1) * 1
    + lam^-1 * rexp (- K) * \sum_(j < L) rexp (lam * total (X j o)).
  rewrite mulr1 -mulrA -mulrDr mulrC ler_pdivl_mulr// mulrC.
  have H : 1 + (lam * square_error o - K) <= rexp (- K) * \sum_(j < L) rexp (lam * total (X j o)).
    apply: le_trans (rexp_ge1D _) _; rewrite addrC rexpD; apply: ler_wpmul2l; first exact/ltW/rexp_gt0.
    exact: exp_error_le.
  by rewrite -ler_sub_addl opprB addrCA.
have mQ : measurable_fun setT square_error.
  apply: (@measurable_fun_sumr _ _ _ _ (fun (i : 'I_m) o => (prompt_output i o - c i) ^+ 2)) => i.
  apply: measurable_fun_sqr; apply: measurable_funB; last exact: measurable_fun_cst.
  apply: measurable_weighted_mean => //; first exact: (proj1 HX).
  exact: measurable_linear_form.
have IQ : Pint P square_error.
  by apply: (@Pint_dominated _ _ P P1 0 _ _ mQ J) => o; rewrite add0r ger0_norm.
rewrite (Pmean_integral IQ) lee_fin; apply: (le_trans (mean_le IQ J le)); rewrite F (Pmean_const P1) E.
rewrite sumr_const card_ord -[Pmean mu _ *+ L]mulr_natl.
have -> : crude_bound y s2 (eigenvalues nu) op2 lam L%:R = lam^-1 * K by rewrite /crude_bound RdivE' mulrC.
rewrite mulr1 -mulrA -mulrDr; apply: ler_wpmul2l; first by rewrite invr_ge0 ltW.
rewrite -ler_subr_addl opprB addrCA subrr addr0 -[X in _ <= X]KE.
apply: ler_wpmul2l; first exact/ltW/rexp_gt0.
by apply: ler_wpmul2l; [exact: ler0n|exact: HY].
Qed.
End SubGaussianBounds.
