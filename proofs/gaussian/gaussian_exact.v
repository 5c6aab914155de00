(* Theorem T3 (gaussian-exact) and the sharp T5, for attention over i.i.d. Gaussian
   tokens N(m0, Gamma), with r_k = E sum_l p_l^k, E22 = E (sum_l p_l^2)^2,
   tau = tr(V Gamma V^T), eta = |V Gamma a|^2.

   Bias: the mean of the attention output That falls short of the population value
   T = V (m0 + Gamma a) by

     E That - T = - r_2 V Gamma a                                   (attention_bias);

   for tokens of mean zero this is E That = (1 - r_2) T             (attention_shrinkage).
   Mean squared error:

     E|That - T|^2 = r_2 tau + (r_2 - 6 r_3 + 6 E22) eta            (gaussian_error)
     E|That - T|^2 <= (tau + eta) r_2                               (gaussian_error_le)
     E|That - T|^2 <= (tau + eta) min(1, L e^{s2} I_2(L-1))         (gaussian_sharp_laplace_splits)

   with either bound of I_2 (laplace_bound.v); gaussian_sharp_laplace: one split.
   The second line is P_2^2 <= P_3.

     prompt_coordinate k   the k-th of the L q standard normal coordinates of the tokens
     prompt_power k        sum_l p_l^k over the prompt *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap zmodp matrix.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds.foundation Require Import finite_sums integration probability_measure.
From AttentionBounds.certificate Require Import bounds_definitions.
From AttentionBounds.gaussian Require Import standard_normal gaussian_moments gaussian_attention flat_model participation_order token_stein flat_moments.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

(* L i.i.d. tokens with q i.i.d. coordinates each are L q i.i.d. variables *)
Lemma iid_flatten d d' d'' (Om : measurableType d) (T : measurableType d') (S : measurableType d'')
  (P : {measure set Om -> \bar RR}) (mu : {measure set T -> \bar RR}) (nu : {measure set S -> \bar RR})
  (L q : nat) (X : nat -> Om -> T) (G : nat -> T -> S) :
  iid_with_law P mu L X -> iid_with_law mu nu q G ->
  iid_with_law P nu (L * q) (fun k o => G (k %% q)%N (X (k %/ q)%N o)).
Proof.
move=> [mX HX] [mG HG].
have split_index k : (k < L * q)%N -> (k %/ q < L)%N /\ (k %% q < q)%N.
  move=> kLq; have q0 : (0 < q)%N by rewrite lt0n; apply: contraTneq kLq => ->; rewrite muln0.
  by rewrite ltn_divLR// ltn_mod.
split=> [k kLq|A mA].
  have [h1 h2] := split_index k kLq.
  by apply: (measurable_fun_comp (mG _ h2)); exact: mX.
pose B (l : nat) : set T := [set t | forall j, (j < q)%N -> A (l * q + j)%N (G j t)].
have mB l : measurable (B l).
  rewrite (_ : B l = \bigcap_(j in [set j | (j < q)%N]) (G j @^-1` A (l * q + j)%N))//.
  by apply: bigcap_measurable => j /= jq; rewrite -[_ @^-1` _]setTI; exact: mG.
have -> : [set o | forall k, (k < L * q)%N -> A k (G (k %% q)%N (X (k %/ q)%N o))] =
    [set o | forall l, (l < L)%N -> B l (X l o)].
  rewrite predeqE => o; split => [h l lL j jq|h k kLq].
    have q0 : (0 < q)%N by exact: leq_ltn_trans jq.
    have klt : (l * q + j < L * q)%N by exact: (index_lt (Ordinal lL) (Ordinal jq)).
    by have := h _ klt; rewrite divnMDl// divn_small// addn0 modnMDl modn_small.
  have [h1 h2] := split_index k kLq.
  by have := h _ h1 _ h2; rewrite -divn_eq.
rewrite (HX B mB).
transitivity (\big[*%E/1%E]_(l < L) \big[*%E/1%E]_(j < q) nu (A (l * q + j)%N)).
  by apply: eq_bigr => l _; rewrite -(HG (fun j => A (l * q + j)%N) (fun j => mA _)).
elim: L {mX HX split_index} => [|L IH]; first by rewrite !big_ord0.
rewrite big_ord_recr /= IH mulSnr big_split_ord /=; congr (_ * _)%E.
Qed.

Section AttentionBias.
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
Let Gamma := gaussian_covariance A.
Let b := entries (A^T *m a).
Let be (i : 'I_n) := entries (row i (V *m A))^T.

(* the standard normal coordinates of all tokens *)
Definition prompt_coordinate (k : nat) (o : Om) : RR := G (k %% q)%N (X (k %/ q)%N o).

Lemma prompt_coordinate_at (l : 'I_L) (j : 'I_q) o : prompt_coordinate (l * q + j) o = G j (X l o).
Proof.
have q0 : (0 < q)%N by exact: leq_ltn_trans (ltn_ord j).
by rewrite /prompt_coordinate divnMDl// divn_small// addn0 modnMDl modn_small.
Qed.

Lemma attention_ratio (l : 'I_L) o :
  w (X l o) / (\sum_(m < L) w (X m o)) = flat_weight L q b l (fun k => prompt_coordinate k o).
Proof.
have E (m : 'I_L) : w (X m o) = rexp ((a^T *m m0) 0 0) * rexp (flat_score q b m (fun k => prompt_coordinate k o)).
  rewrite /w attention_weight_tilt /token_weight -rexpD; congr (rexp _).
  rewrite RplusE; congr (_ + _); rewrite rsumE; apply: eq_bigr => j _.
  by rewrite prompt_coordinate_at.
rewrite (eq_bigr _ (fun m _ => E m)) E -mulr_sumr /flat_weight /flat_total invfM.
by rewrite mulrACA divff ?mul1r// gt_eqF// rexp_gt0.
Qed.

Lemma attention_deviation_flat i o :
  attention_output G m0 A V a L X i o - population_value m0 A V a i =
  flat_deviation L q b (be i) (fun k => prompt_coordinate k o).
Proof.
rewrite attention_output_deviation// /weighted_mean; apply: eq_bigr => l _.
rewrite -/(w _) attention_ratio; congr (_ * _).
rewrite /value_deviation value_deviation_form /token_deviation rsumE.
by apply: eq_bigr => j _; rewrite prompt_coordinate_at.
Qed.

Let r2 := \int[P]_o (\sum_(l < L) (w (X l o) / (\sum_(m < L) w (X m o))) ^+ 2).

Let r2E : \int[P]_o (\sum_(l < L) flat_weight L q b l (fun k => prompt_coordinate k o) ^+ 2) = r2.
Proof.
rewrite /r2 /Rintegral; congr fine; apply: eq_integral => o _; congr EFin.
by apply: eq_bigr => l _; rewrite attention_ratio.
Qed.

Theorem attention_bias (i : 'I_n) :
  Pint P (fun o => attention_output G m0 A V a L X i o - population_value m0 A V a i) /\
  \int[P]_o (attention_output G m0 A V a L X i o - population_value m0 A V a i) =
    - r2 * (V *m Gamma *m a) i 0.
Proof.
have [I E] := flat_bias b (be i) P1 (iid_flatten HX HG) L0.
rewrite (funext (attention_deviation_flat i)); split => //.
rewrite E r2E mulNr mulNr mulrC; congr (- (_ * _)).
rewrite /Gamma /gaussian_covariance !mulmxA -[_ *m A^T *m a]mulmxA mxE; apply: eq_bigr => j _.
by rewrite /be /b !entriesE !mxE.
Qed.

(* tokens of mean zero: E That = (1 - r_2) T *)
Corollary attention_shrinkage (i : 'I_n) : m0 = 0 ->
  \int[P]_o attention_output G m0 A V a L X i o = (1 - r2) * population_value m0 A V a i.
Proof.
move=> m00; have [I E] := attention_bias i.
have T0 : population_value m0 A V a i = (V *m Gamma *m a) i 0.
  by rewrite /population_value m00 add0r mulmxA.
have J := Pint_lin (IZR 1) (IZR 1) I (Pint_const P1 (population_value m0 A V a i)).
have := Pmean_lin (IZR 1) (IZR 1) I (Pint_const P1 (population_value m0 A V a i)).
have -> : (fun o => Rplus (Rmult (IZR 1) (attention_output G m0 A V a L X i o - population_value m0 A V a i))
    (Rmult (IZR 1) (population_value m0 A V a i))) = (fun o => attention_output G m0 A V a L X i o).
  by apply/funext => o; rewrite !Rmult_1_l RplusE subrK.
rewrite (Pmean_const P1) [Pmean P (fun o => attention_output G m0 A V a L X i o - _)]E !Rmult_1_l.
rewrite -[LHS]/(\int[P]_o attention_output G m0 A V a L X i o) => ->.
by rewrite -T0 RplusE mulrBl mul1r addrC mulNr.
Qed.
End AttentionBias.

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
