(* T6: what a variance proxy sigma^2 says about a tilted sub-Gaussian vector.

   x = (x_0, ..., x_{d-1}) is a random vector of mean zero on any probability space
   (T, mu) with E e^{<v,x>} <= e^{s2 |v|^2/2} for every v.  Write Z(v) = E e^{<v,x>}
   and m(v) = E[x e^{<v,x>}] / Z(v).  Then

     1 <= Z(v) <= e^{s2 |v|^2/2}                                      (mass_bounds)
     <v, m(v)> <= 2 s2 |v|^2                                          (tilted_mean_inner_le)
     lam E[e^{<v,x>} Y] <= Z(v) (2 s2 |v|^2 + D)
         for lam > 0, Y >= 0 and ln E e^{lam Y} <= D                  (tilted_expectation_le)
     E (<v,x> - c)^2 <= s2 |v|^2 + c^2                                (variance_le).

     linear_form v, square_norm v   <v,x> and |v|^2
     mass v                         Z(v) *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap zmodp matrix.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds.foundation Require Import integration probability_measure.
From AttentionBounds.laplace Require Import laplace_bound.
From AttentionBounds.gaussian Require Import flat_model.
From AttentionBounds.sub_gaussian Require Import tilted_mean.
From AttentionBounds.foundation Require exponential_bounds.
From AttentionBounds.sub_gaussian Require scalar_bounds.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Lemma rexp_ge1D (y : RR) : 1 + y <= rexp y.
Proof. by apply/RleP; exact: exponential_bounds.exp_ge_1x. Qed.

Lemma ler_rexp (y z : RR) : y <= z -> rexp y <= rexp z.
Proof. by move=> yz; apply/RleP/exponential_bounds.exp_le_compat/RleP. Qed.

Section Means.
Context d' (T : measurableType d') (mu : {measure set T -> \bar RR}).

Lemma mean_lin (a b : RR) (f g : T -> RR) : Pint mu f -> Pint mu g ->
  Pint mu (fun t => a * f t + b * g t) /\
  Pmean mu (fun t => a * f t + b * g t) = a * Pmean mu f + b * Pmean mu g.
Proof. by move=> If Ig; split; [exact: (Pint_lin a b If Ig)|exact: (Pmean_lin a b If Ig)]. Qed.

Lemma mean_le (f g : T -> RR) : Pint mu f -> Pint mu g -> (forall t, f t <= g t) ->
  Pmean mu f <= Pmean mu g.
Proof. by move=> If Ig fg; apply/RleP; apply: Pmean_mono => // t; apply/RleP. Qed.
End Means.

Section SubGaussianVector.
Context d' (T : measurableType d') (mu : {measure set T -> \bar RR}).
Hypothesis mu1 : mu setT = 1%E.
Variables (d : nat) (x : 'I_d -> T -> RR) (s2 : RR).
Hypothesis mx : forall k, measurable_fun setT (x k).
Hypothesis s2_pos : 0 < s2.
Hypothesis x_sub : subgaussian mu x s2.
Hypothesis x_mean : forall k, \int[mu]_t x k t = 0.

Definition linear_form (v : 'I_d -> RR) (t : T) : RR := \sum_(k < d) v k * x k t.
Definition square_norm (v : 'I_d -> RR) : RR := \sum_(k < d) v k ^+ 2.
Definition mass (v : 'I_d -> RR) : RR := Pmean mu (fun t => rexp (linear_form v t)).

Lemma square_norm_ge0 v : 0 <= square_norm v.
Proof. by apply: sumr_ge0 => k _; exact: sqr_ge0. Qed.

Lemma square_norm_scale e v : square_norm (fun k => e * v k) = e ^+ 2 * square_norm v.
Proof. by rewrite mulr_sumr; apply: eq_bigr => k _; rewrite exprMn. Qed.

Lemma linear_form_scale e v t : linear_form (fun k => e * v k) t = e * linear_form v t.
Proof. by rewrite mulr_sumr; apply: eq_bigr => k _; rewrite mulrA. Qed.

Lemma linear_form_add u v t : linear_form (fun k => u k + v k) t = linear_form u t + linear_form v t.
Proof. by rewrite -big_split /=; apply: eq_bigr => k _; rewrite mulrDl. Qed.

Lemma measurable_linear_form v : measurable_fun setT (linear_form v).
Proof.
apply: (@measurable_fun_sumr _ _ _ _ (fun (k : 'I_d) t => v k * x k t)) => k.
by apply: measurable_funM => //; exact: measurable_fun_cst.
Qed.

Lemma integrable_exp v c : Pint mu (fun t => rexp (linear_form v t + c)).
Proof.
have I : Pint mu (fun t => rexp (linear_form v t)).
  split.
    by apply/EFin_measurable_fun; exact: (measurable_fun_comp measurable_fun_exp (measurable_linear_form v)).
  rewrite (eq_integral (fun t => (rexp (linear_form v t))%:E)).
    by apply: le_lt_trans (x_sub v) _; rewrite ltey.
  by move=> t _ /=; rewrite ger0_norm// ltW// rexp_gt0.
have [J _] := mean_lin (rexp c) 0 I I.
by apply: Pint_ext J => t; rewrite mul0r addr0 mulrC -rexpD.
Qed.

Lemma integrable_exp0 v : Pint mu (fun t => rexp (linear_form v t)).
Proof. by apply: Pint_ext (integrable_exp v 0) => t; rewrite addr0. Qed.

(* 2 + z^2 <= e^z + e^{-z} *)
Lemma exp_sum_ge (z : RR) : 2%:R + z ^+ 2 <= rexp z + rexp (- z).
Proof. by have /RleP := scalar_bounds.exp_sum_ge z; rewrite pow2E IZR2E. Qed.

Lemma square_le_exp (z : RR) : z ^+ 2 <= rexp z + rexp (- z).
Proof. by apply: le_trans (exp_sum_ge z); rewrite ler_addr ler0n. Qed.

(* e^{<v,x>} (<u,x> - c)^2 is integrable *)
Lemma integrable_exp_square v u c : Pint mu (fun t => rexp (linear_form v t) * (linear_form u t - c) ^+ 2).
Proof.
have [I _] := mean_lin 1 1 (integrable_exp (fun k => v k + u k) (- c))
  (integrable_exp (fun k => v k + -1 * u k) c).
apply: (@Pint_dominated _ _ mu mu1 0 _ _ _ I) => [|t].
  apply: measurable_funM; first exact: (measurable_fun_comp measurable_fun_exp (measurable_linear_form v)).
  apply: measurable_fun_sqr; apply: measurable_funB; first exact: measurable_linear_form.
  exact: measurable_fun_cst.
rewrite add0r !mul1r ger0_norm; last by rewrite mulr_ge0 ?sqr_ge0// ltW// rexp_gt0.
rewrite !linear_form_add linear_form_scale mulN1r -!addrA !rexpD -mulrDr.
apply: ler_wpmul2l; first exact/ltW/rexp_gt0.
by rewrite -!rexpD -[- _ + c]opprK opprD opprK; exact: square_le_exp.
Qed.

Lemma integrable_linear_form v : Pint mu (linear_form v).
Proof.
have I := integrable_exp_square (fun=> 0) v 0.
apply: (Pint_of_sq mu1); first exact: measurable_linear_form.
apply: Pint_ext I => t.
by rewrite {1}/linear_form big1 => [|k _]; rewrite ?mul0r// subr0 -[X in X * _]/(Rtrigo_def.exp 0) exp_0 mul1r.
Qed.

Let unit k : 'I_d -> RR := fun j => (j == k)%:R.
Let linear_form_unit k t : linear_form (unit k) t = x k t.
Proof.
rewrite /linear_form (bigD1 k)//= /unit eqxx mul1r big1 ?addr0// => j /negPf jk.
by rewrite jk mul0r.
Qed.

Lemma linear_form_mean v : Pmean mu (linear_form v) = 0.
Proof.
have Ix k : Pint mu (x k).
  by apply: Pint_ext (integrable_linear_form (unit k)) => t; exact: linear_form_unit.
have S k : Pint mu (fun t => v k * x k t) /\ Pmean mu (fun t => v k * x k t) = 0.
  have [I ->] := @Pint_scale _ _ mu (v k) (x k) (fun t => v k * x k t) (Ix k) (fun=> erefl).
  by rewrite x_mean mulr0.
have [_ ->] := @Pmean_sum _ _ mu mu1 d (fun k t => v k * x k t) (fun=> 0) (fun k => proj1 (S k)) (fun k => proj2 (S k)).
by rewrite big1.
Qed.

(* Jensen's inequality, and the hypothesis *)
Lemma mass_bounds v : 1 <= mass v <= rexp (s2 * square_norm v / 2%:R).
Proof.
apply/andP; split; last first.
  by rewrite -lee_fin -(Pmean_integral (integrable_exp0 v)); exact: x_sub.
have [I E] := mean_lin 1 1 (Pint_const mu1 1) (integrable_linear_form v).
apply: (@le_trans _ _ (Pmean mu (fun t => 1 * 1 + 1 * linear_form v t))).
  by rewrite E linear_form_mean (Pmean_const mu1) !mulr1 mulr0 addr0.
by apply: mean_le I (integrable_exp0 v) _ => t; rewrite !mul1r; exact: rexp_ge1D.
Qed.

Lemma mass_gt0 v : 0 < mass v.
Proof. by case/andP: (mass_bounds v) => H _; exact: lt_le_trans ltr01 H. Qed.

(* E <v,x>^2 <= s2 |v|^2, from the exponents t v and -t v with t -> 0 *)
Lemma variance_le v : Pint mu (fun t => linear_form v t ^+ 2) /\
  Pmean mu (fun t => linear_form v t ^+ 2) <= s2 * square_norm v.
Proof.
have I : Pint mu (fun t => linear_form v t ^+ 2).
  apply: Pint_ext (integrable_exp_square (fun=> 0) v 0) => t.
  by rewrite {1}/linear_form big1 => [|k _]; rewrite ?mul0r// subr0 -[X in X * _]/(Rtrigo_def.exp 0) exp_0 mul1r.
split => //; apply/RleP; apply: scalar_bounds.variance_limit => [|e _].
  by apply/RleP; rewrite mulr_ge0 ?square_norm_ge0// ltW.
have [I1 E1] := mean_lin 2%:R (e ^+ 2) (Pint_const mu1 1) I.
have [I2 E2] := mean_lin 1 1 (integrable_exp0 (fun k => e * v k)) (integrable_exp0 (fun k => - e * v k)).
have H : Pmean mu (fun t => 2%:R * 1 + e ^+ 2 * linear_form v t ^+ 2) <=
   Pmean mu (fun t => 1 * rexp (linear_form (fun k => e * v k) t) + 1 * rexp (linear_form (fun k => - e * v k) t)).
  apply: mean_le I1 I2 _ => t; rewrite !mul1r mulr1 !linear_form_scale -exprMn mulNr.
  exact: exp_sum_ge.
move: H; rewrite E1 E2 (Pmean_const mu1) mulr1 !mul1r => H.
apply/RleP; rewrite pow2E RdivE' IZR2E; apply: le_trans H _.
have B (g : RR) : g ^+ 2 = e ^+ 2 -> mass (fun k => g * v k) <= rexp (s2 * square_norm v * e ^+ 2 / 2%:R).
  move=> ge; case/andP: (mass_bounds (fun k => g * v k)) => _ H; apply: le_trans H _.
  by rewrite square_norm_scale ge mulrCA [e ^+ 2 * _]mulrC.
rewrite [X in _ <= X]RmultE [X in _ <= X]mulr_natl mulr2n; apply: ler_add; first exact: B.
by apply: B; rewrite sqrrN.
Qed.

(* ---- the tilted law ---- *)

Let m v := tilted_mean_vector mu x v.

Lemma integrable_tilted v k : Pint mu (fun t => rexp (linear_form v t) * x k t).
Proof.
have [I _] := mean_lin 1 1 (integrable_exp0 v) (integrable_exp_square v (unit k) 0).
apply: (@Pint_dominated _ _ mu mu1 0 _ _ _ I) => [|t].
  apply: measurable_funM; last exact: mx.
  exact: (measurable_fun_comp measurable_fun_exp (measurable_linear_form v)).
rewrite add0r !mul1r linear_form_unit subr0 normrM (ger0_norm (ltW (rexp_gt0 _))).
rewrite -[X in _ <= X + _]mulr1 -mulrDr; apply: ler_wpmul2l; first exact/ltW/rexp_gt0.
exact: norm_le_1_plus_sq.
Qed.

(* E[e^{<v,x>} <v,x>] = Z(v) <v, m(v)> *)
Lemma tilted_form_mean v : Pint mu (fun t => rexp (linear_form v t) * linear_form v t) /\
  Pmean mu (fun t => rexp (linear_form v t) * linear_form v t) = mass v * \sum_(k < d) v k * m v k.
Proof.
have Z0 := lt0r_neq0 (mass_gt0 v).
have S k : Pint mu (fun t => v k * (rexp (linear_form v t) * x k t)) /\
    Pmean mu (fun t => v k * (rexp (linear_form v t) * x k t)) = mass v * (v k * m v k).
  have [I ->] := @Pint_scale _ _ mu (v k) (fun t => rexp (linear_form v t) * x k t)
    (fun t => v k * (rexp (linear_form v t) * x k t)) (integrable_tilted v k) (fun=> erefl).
  by split => //; rewrite mulrCA; congr (_ * _); rewrite mulrC /m /tilted_mean_vector divfK.
have [I E] := @Pmean_sum _ _ mu mu1 d _ _ (fun k => proj1 (S k)) (fun k => proj2 (S k)).
have EQ t : \sum_(k < d) v k * (rexp (linear_form v t) * x k t) = rexp (linear_form v t) * linear_form v t.
  by rewrite mulr_sumr; apply: eq_bigr => k _; rewrite mulrCA.
split; first by apply: Pint_ext I => t; exact: EQ.
by rewrite -(funext EQ) E -mulr_sumr.
Qed.

Lemma tilted_mean_inner_le v : \sum_(k < d) v k * m v k <= 2%:R * s2 * square_norm v.
Proof.
pose g := 2%:R * s2; have g0 : 0 < g by rewrite mulr_gt0 ?ltr0n.
have H := tilted_mean_le mu1 mx s2_pos x_sub x_mean v.
have C : g * (\sum_(k < d) v k * m v k) *+ 2 <= (\sum_(k < d) m v k ^+ 2) + g ^+ 2 * square_norm v.
  rewrite /square_norm !mulr_sumr -sumrMnl -big_split /=; apply: ler_sum => k _.
  move: (m v k) (v k) => z y.
  rewrite -subr_ge0 (_ : _ - _ = (z - g * y) ^+ 2) ?sqr_ge0// sqrrB [(g * y) ^+ 2]exprMn.
  by rewrite addrAC mulrA [g * _ * _]mulrC.
have {C} C : g * (\sum_(k < d) v k * m v k) *+ 2 <= g ^+ 2 * square_norm v *+ 2.
  by apply: le_trans C _; rewrite mulr2n ler_add2r; exact: H.
move: C; rewrite ler_pmuln2r// expr2 -mulrA ler_pmul2l//.
Qed.

(* Donsker and Varadhan's inequality: lam Y tested against the tilted law *)
Theorem tilted_expectation_le v (lam D : RR) (Y : T -> RR) :
  Pint mu (fun t => rexp (lam * Y t)) -> Pmean mu (fun t => rexp (lam * Y t)) <= rexp D ->
  Pint mu (fun t => rexp (linear_form v t) * Y t) ->
  lam * Pmean mu (fun t => rexp (linear_form v t) * Y t) <= mass v * (2%:R * s2 * square_norm v + D).
Proof.
move=> IY HD IvY; have [IF EF] := tilted_form_mean v; have Iv := integrable_exp0 v.
have /andP[Z1 _] := mass_bounds v.
have [I1 E1] := mean_lin lam (- D) IvY Iv.
have [I2 E2] := mean_lin 1 (-1) IF Iv.
have [I3 E3] := mean_lin 1 (mass v * rexp (- D)) I2 IY.
have H := mean_le I1 I3; rewrite E1 E3 E2 EF !mul1r -/(mass v) in H.
have {}H : lam * Pmean mu (fun t => rexp (linear_form v t) * Y t) + - D * mass v
   <= mass v * (\sum_(k < d) v k * m v k) + -1 * mass v
     + mass v * rexp (- D) * Pmean mu (fun t => rexp (lam * Y t)).
  apply: H => t; move: (linear_form v t) (Y t) => u z.
  have /RleP := @scalar_bounds.young_mass (mass v) u (lam * z) D (elimT (RleP _ _) Z1).
  rewrite -[X in X <= _ -> _]/(rexp u * (lam * z - D)).
  rewrite -[X in _ <= X -> _]/(rexp u * (u - 1) + mass v * rexp (- D) * rexp (lam * z)).
  by rewrite !mul1r !mulrBr mulr1 mulrCA mulN1r mulNr [D * _]mulrC.
rewrite mulrDr [mass v * D]mulrC -ler_sub_addr.
apply: (@le_trans _ _ (mass v * (\sum_(k < d) v k * m v k))).
  rewrite !mulNr mul1r in H; apply: le_trans H _.
  rewrite -addrA ger_addl addrC subr_le0 -mulrA -[X in _ <= X]mulr1.
  apply: ler_wpmul2l; first exact/ltW/mass_gt0.
  by apply: (le_trans (ler_wpmul2l (ltW (rexp_gt0 _)) HD)); rewrite -rexpD addNr -[X in X <= _]/(Rtrigo_def.exp 0) exp_0.
by apply: ler_wpmul2l; [exact/ltW/mass_gt0|exact: tilted_mean_inner_le].
Qed.
End SubGaussianVector.
