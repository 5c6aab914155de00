(* Theorem T3 (gaussian-exact), mean squared error, and the sharp T5, for attention over
   i.i.d. Gaussian tokens N(m0, Gamma):

     E|That - T|^2 = r_2 tau + (r_2 - 6 r_3 + 6 E22) eta            (gaussian_error)
     E|That - T|^2 <= (tau + eta) r_2                               (gaussian_error_le)
     E|That - T|^2 <= (tau + eta) min(1, L e^{s2} I_2(L-1))         (gaussian_sharp_laplace_splits)

   with either bound of I_2 (laplace_bound.v); gaussian_sharp_laplace: one split.

   r_k = E sum_l p_l^k, E22 = E (sum_l p_l^2)^2, tau = tr(V Gamma V^T), eta = |V Gamma a|^2.
   The second line is P_2^2 <= P_3. *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap zmodp matrix.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds Require Import finite_sums real_bridges probability_measure standard_normal bounds_definitions.
From AttentionBounds Require Import gaussian_moments gaussian_weights gaussian_attention gaussian_flat_bias.
From AttentionBounds Require Import participation_order.
From AttentionBounds Require Import gaussian_token_stein gaussian_flat_derivatives gaussian_flat_square gaussian_bias.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Section GaussianExact.
Context d' (T : measurableType d') (mu : {measure set T -> \bar RR}).
Hypothesis mu1 : mu setT = 1%E.
Variables (q D n : nat) (G : nat -> T -> RR).
Hypothesis HG : iid_with_law mu standard_normal q G.
Variables (m0 : 'cV[RR]_D) (A : 'M[RR]_(D, q)) (V : 'M[RR]_(n, D)) (a : 'cV[RR]_D).
Context d (Om : measurableType d) (P : {measure set Om -> \bar RR}).
Hypothesis P1 : P setT = 1%E.
Variables (L : nat) (X : nat -> Om -> T).
Hypothesis HX : iid_with_law P mu L X.
Hypothesis L0 : (0 < L)%N.

Let w := attention_weight G m0 A a.
Let b := entries (A^T *m a).
Let be (i : 'I_n) := entries (row i (V *m A))^T.
Let y o : nat -> RR := fun k => prompt_coordinate q G X k o.
Let HZ := iid_flatten HX HG.
Let tau := value_tau A V.
Let eta := value_eta A V a.

(* sum_l p_l^k over the prompt *)
Definition prompt_power (k : nat) (o : Om) : RR :=
  \sum_(l < L) (w (X l o) / (\sum_(m < L) w (X m o))) ^+ k.
Let r2 := \int[P]_o prompt_power 2 o.
Let r3 := \int[P]_o prompt_power 3 o.
Let e22 := \int[P]_o (prompt_power 2 o) ^+ 2.

Lemma prompt_powerE k o : prompt_power k o = power_sum L q b k (y o).
Proof. by apply: eq_bigr => l _; rewrite (attention_ratio G m0 A a X l o). Qed.

Let powerE k : Pmean P (fun o => power_sum L q b k (y o)) = \int[P]_o prompt_power k o.
Proof. by rewrite /Pmean /Rintegral; congr fine; apply: eq_integral => o _; rewrite prompt_powerE. Qed.
Let power2E : Pmean P (fun o => power_sum L q b 2 (y o) ^+ 2) = e22.
Proof. by rewrite /Pmean /e22 /Rintegral; congr fine; apply: eq_integral => o _; rewrite prompt_powerE. Qed.

Let error o := \sum_(i < n) (attention_output G m0 A V a L X i o - population_value m0 A V a i) ^+ 2.

Theorem gaussian_error : Pint P error /\
  \int[P]_o error o = r2 * tau + (r2 - 6%:R * r3 + 6%:R * e22) * eta.
Proof.
have Sq (i : 'I_n) := flat_square b (be i) L0 P1 HZ.
have [I E] := @Pmean_sum _ _ P P1 n (fun i o => flat_deviation L q b (be i) (y o) ^+ 2) _
  (fun i => proj1 (Sq i)) (fun i => proj2 (Sq i)).
have Q : (fun o => \sum_(i < n) flat_deviation L q b (be i) (y o) ^+ 2) = error.
  by apply/funext => o; apply: eq_bigr => i _; rewrite (attention_deviation_flat G m0 A V a X L0 i o).
rewrite Q in I E; split => //; rewrite -[LHS]/(Pmean P error) E.
rewrite !powerE power2E big_split /= -!mulr_suml mulrC.
have -> : \sum_(i < n) form_square q (be i) = tau.
  rewrite /tau -(value_tau_sum A V); apply: eq_bigr => i _; rewrite /form_square rsumE.
  by apply: eq_bigr => j _; rewrite pow2E.
have -> : \sum_(i < n) form_bias q b (be i) ^+ 2 = eta.
  rewrite /eta -(value_eta_sum A V a); apply: eq_bigr => i _; rewrite pow2E /form_bias rsumE.
  by congr (_ ^+ 2).
by rewrite [X in _ + X]mulrC.
Qed.

Let eta_ge0 : 0 <= eta. Proof. by apply: sumr_ge0 => i _; exact: sqr_ge0. Qed.
Let tau_eta_ge0 : 0 <= tau + eta.
Proof.
rewrite -(gaussian_F0 mu1 HG m0 A V a); apply: sumr_ge0 => i _; apply/fine_ge0/integral_ge0 => t _.
by rewrite lee_fin sqr_ge0.
Qed.

Theorem gaussian_error_le : \int[P]_o error o <= (tau + eta) * r2.
Proof.
have [_ ->] := gaussian_error.
have mw : measurable_fun setT w by exact: (measurable_attention_weight mu1 HG).
have [_ _ _ _ H] := participation_means_order_softmax P1 L0 (proj1 HX) mw (attention_weight_gt0 G m0 A a).
exact: H.
Qed.

Theorem gaussian_sharp_laplace_splits (form : splits) (th : RR) : (3 <= L)%N -> 0 < th <= 1 ->
  (\int[P]_o (error o)%:E
    <= (gaussian_laplace_split_bound form (score_s2 A a) tau eta L%:R th : RR)%:E)%E.
Proof.
move=> L3 Hth; have [IE _] := gaussian_error.
rewrite (Pmean_integral IE) lee_fin -[Pmean P error]/(\int[P]_o error o).
apply: le_trans gaussian_error_le _; rewrite /gaussian_laplace_split_bound.
apply: ler_wpmul2l => //.
have Ir : Pint P (fun o => prompt_power 2 o).
  apply: (@Pint_ext _ _ P (fun o => power_sum L q b 2 (y o))) => [o|]; first by rewrite prompt_powerE.
  have H := bounded_integrable P1 HZ (u := power_sum L q b 2) (c := 1).
  apply: H => [|z].
    by apply: mfun_sum => l; move=> ? S Y mY; apply: measurable_fun_sqr; exact: (measurable_flat_weight b (ltn_ord l) mY).
  rewrite ger0_norm; last by apply: sumr_ge0 => l _; exact: sqr_ge0.
  rewrite -(flat_weight_sum q b z L0); apply: ler_sum => l _; rewrite expr2 -[X in _ <= X]mulr1.
  by apply: ler_wpmul2l; [exact: flat_weight_ge0|exact: flat_weight_le1].
have := gaussian_participation_splits mu1 HG m0 A a P1 HX form L3 Hth.
by rewrite -[X in (X <= _)%E]/(\int[P]_o (prompt_power 2 o)%:E)%E (Pmean_integral Ir) lee_fin.
Qed.

Theorem gaussian_sharp_laplace (th : RR) : (3 <= L)%N -> 0 < th <= 1 ->
  (\int[P]_o (error o)%:E <= (gaussian_laplace_bound (score_s2 A a) tau eta L%:R th : RR)%:E)%E.
Proof. exact: (gaussian_sharp_laplace_splits one_split). Qed.
End GaussianExact.
