(* Theorem T3, second moment, in the model of flat_model.v: p_l the weights,
   T_l = <be, token l - b>, e = sum_l p_l T_l.  With P_k = sum_l p_l^k, r_2 = E P_2,
   r_3 = E P_3, E22 = E P_2^2,
     E e^2 = |be|^2 r_2 + <be,b>^2 (r_2 - 6 r_3 + 6 E22)         (flat_square),
   by Stein's identity for one token at F = p_l e, F = p_l^2 and F = P_2 p_l.  The
   derivatives of p_l, T_m, e, P_2, p_l e, p_l^2, P_2 p_l in coordinate j of token l are
   b_j H1 + be_j H2 with the H1, H2 given (weight_along ... sum_weight_along).

     power_sum n        P_n
     coordinate_bound   sum of |be_i| (|z| + |b_i|) over all coordinates z: integrable,
                        and at least |T_m| and |e|
     total_slope        L sum_i |be_i|, at least its slope in any one |z|
     growth k bj bej    (3|bj| + 1) (coordinate_bound at z_k = 0, plus total_slope) + |bej|:
                        the bounding functional of Stein's identity for F = p_l e *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds.foundation Require Import finite_sums integration probability_measure rest_independence.
From AttentionBounds.gaussian Require Import standard_normal softmax_derivative gaussian_stein flat_model token_stein.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Section FlatDerivatives.
Variables (L q : nat) (b be : nat -> RR).
Hypothesis L0 : (0 < L)%N.
Let N := (L * q)%N.
Let p (l : nat) := flat_weight L q b l.
Let T (l : nat) := token_form q b be l.
Let e := flat_deviation L q b be.
Definition power_sum (n : nat) (y : nat -> RR) : RR := \sum_(m < L) flat_weight L q b m y ^+ n.
Let P2 := power_sum 2.

Lemma flat_deviationE y : e y = \sum_(m < L) p m y * T m y. Proof. by []. Qed.

Let p0 (l : nat) y : 0 <= p l y. Proof. exact: flat_weight_ge0. Qed.
Let p1 (l : 'I_L) y : p l y <= 1. Proof. exact: flat_weight_le1. Qed.
Let psum y : \sum_(m < L) p m y = 1. Proof. exact: flat_weight_sum. Qed.

Let mp (l : 'I_L) : measurable_functional N (p l). Proof. exact: measurable_flat_weight. Qed.
Let mT (l : 'I_L) : measurable_functional N (T l).
Proof.
apply: mfun_sum => j; apply: mfunM; first exact: mfun_cst.
by apply: mfunB; [exact: (mfun_coordinate (index_lt l j))|exact: mfun_cst].
Qed.
Let me_ : measurable_functional N e.
Proof. by apply: mfun_sum => l; apply: mfunM; [exact: mp|exact: mT]. Qed.
Let mP2 : measurable_functional N P2.
Proof.
have -> : P2 = fun y => \sum_(m < L) p m y * p m y by apply/funext => y; apply: eq_bigr => m _; rewrite expr2.
by apply: mfun_sum => l; apply: mfunM; exact: mp.
Qed.

Let P2_bound y : 0 <= P2 y <= 1.
Proof.
apply/andP; split; first by apply: sumr_ge0 => m _; exact: sqr_ge0.
rewrite -(psum y); apply: ler_sum => m _; rewrite expr2 -[X in _ <= X]mulr1.
by apply: ler_wpmul2l; [exact: p0|exact: p1].
Qed.

(* ---- derivatives in coordinate j of token l ---- *)

Section Derivatives.
Variables (l : 'I_L) (j : 'I_q).
Let k := (l * q + j)%N.

Lemma delta_sum (f : 'I_L -> RR) : \sum_(m < L) (m == l)%:R * f m = f l.
Proof.
rewrite (bigD1 l)//= eqxx mul1r big1 ?addr0// => m /negbTE ->.
by rewrite mul0r.
Qed.

Lemma weight_along (m : 'I_L) : derivative_along k (p m) (fun y => b j * p m y * ((m == l)%:R - p l y)).
Proof. by move=> y x; have := @flat_weight_der L q b l j y m x (ltn_ord m). Qed.

Lemma form_along (m : 'I_L) : derivative_along k (T m) (fun=> if m == l then be j else 0).
Proof.
move=> y x; have D := @flat_score_der L q be l j y m x (elimT ssrnat.ltP (ltn_ord m)).
have -> : (fun z => T m (update k z y)) =
    (fun z => Rminus (flat_score q be m (update k z y)) (form_bias q b be)).
  by apply/funext => z; rewrite /T /token_form /form_bias RminusE -sumrB; apply: eq_bigr => i _; rewrite mulrBr.
have -> : (if m == l then be j else 0) = Rminus (if Nat.eqb m l then be j else 0) 0.
  rewrite Rminus_0_r; case: PeanoNat.Nat.eqb_spec => [ml|ml]; first by rewrite (_ : m = l) ?eqxx//; exact/val_inj.
  by case: eqVneq => // ml'; case: ml; rewrite ml'.
exact: (derivable_pt_lim_minus _ _ _ _ _ D (derivable_pt_lim_const _ _)).
Qed.

Lemma deviation_along : derivative_along k e (fun y => b j * (p l y * (T l y - e y)) + be j * p l y).
Proof.
have D := @derivative_sum k L (fun m y => p m y * T m y) _ (fun m => derivativeM (weight_along m) (form_along m)).
apply: derivative_ext D => y; rewrite big_split /=; congr (_ + _).
  rewrite (eq_bigr (fun m : 'I_L => b j * ((m == l)%:R * (p m y * T m y)) - b j * p l y * (p m y * T m y))).
    rewrite sumrB -!mulr_sumr delta_sum -flat_deviationE.
    exact: slope_deviation.
  by move=> m _; exact: slope_form.
rewrite (eq_bigr (fun m : 'I_L => (m == l)%:R * (be j * p m y))) ?delta_sum//.
by move=> m _; case: (m == l); rewrite ?mul1r ?mul0r ?mulr0// mulrC.
Qed.

Let P2E y : P2 y = \sum_(m < L) p m y * p m y.
Proof. by apply: eq_bigr => m _; rewrite expr2. Qed.

Lemma square_along : derivative_along k P2
  (fun y => b j * (p l y * (p l y - P2 y) + p l y * (p l y - P2 y))).
Proof.
rewrite (funext P2E).
have D := @derivative_sum k L (fun m y => p m y * p m y) _ (fun m => derivativeM (weight_along m) (weight_along m)).
apply: derivative_ext D => y.
rewrite (eq_bigr (fun m : 'I_L => (m == l)%:R * (b j * (p m y * p m y) + b j * (p m y * p m y))
    - (b j * p l y * (p m y * p m y) + b j * p l y * (p m y * p m y)))).
  rewrite sumrB (delta_sum (fun m => b j * (p m y * p m y) + b j * (p m y * p m y))) big_split /= -mulr_sumr.
  exact: slope_square_sum.
by move=> m _; exact: slope_square.
Qed.

Lemma weight_self_along : derivative_along k (p l) (fun y => b j * p l y * (1 - p l y)).
Proof. by apply: derivative_ext (weight_along l) => y; rewrite eqxx. Qed.

Lemma weight_deviation_along : derivative_along k (fun y => p l y * e y)
  (fun y => b j * (p l y * (1 - p l y) * e y + p l y * p l y * (T l y - e y)) + be j * (p l y * p l y)).
Proof.
by apply: derivative_ext (derivativeM weight_self_along deviation_along) => y; exact: slope_weight_deviation.
Qed.

Lemma weight_square_along : derivative_along k (fun y => p l y * p l y)
  (fun y => b j * (p l y * p l y * (1 - p l y) + p l y * p l y * (1 - p l y)) + be j * 0).
Proof.
by apply: derivative_ext (derivativeM weight_self_along weight_self_along) => y; exact: slope_weight_square.
Qed.

Lemma sum_weight_along : derivative_along k (fun y => P2 y * p l y)
  (fun y => b j * (p l y * p l y * (p l y - P2 y) + p l y * p l y * (p l y - P2 y) + P2 y * p l y * (1 - p l y))
     + be j * 0).
Proof.
by apply: derivative_ext (derivativeM square_along weight_self_along) => y; exact: slope_sum_weight.
Qed.
End Derivatives.

(* ---- integrability ---- *)

Context d (Om : measurableType d) (P : {measure set Om -> \bar RR}).
Hypothesis P1 : P setT = 1%E.
Variable Z : nat -> Om -> RR.
Hypothesis HZ : iid_with_law P standard_normal (L * q) Z.
Let mZ := proj1 HZ.
Let y o : nat -> RR := fun k => Z k o.
Let mfun (F : (nat -> RR) -> RR) : measurable_functional N F -> measurable_fun setT (fun o => F (y o)).
Proof. by move=> mF; apply: mF => k kN; exact: mZ. Qed.

(* a bounded multiple of an integrable function *)
Lemma bounded_multiple (u F : (nat -> RR) -> RR) (c : RR) :
  measurable_functional N u -> measurable_functional N F -> (forall z, `|u z| <= c) ->
  Pint P (fun o => F (y o)) -> Pint P (fun o => u (y o) * F (y o)).
Proof.
move=> mu mF uc IF.
have IA : Pint P (fun o => c * `|F (y o)|).
  have I1 : P.-integrable setT (abse \o (EFin \o (fun o => F (y o)))) by exact: integrable_abse.
  by have := integrablerM measurableT c I1; apply: eq_integrable => // o _ /=; rewrite EFinM.
apply: (@Pint_dominated _ _ P P1 0 _ _ (mfun (mfunM mu mF)) IA) => o.
by rewrite add0r normrM ler_wpmul2r.
Qed.

Lemma bounded_integrable (u : (nat -> RR) -> RR) (c : RR) :
  measurable_functional N u -> (forall z, `|u z| <= c) -> Pint P (fun o => u (y o)).
Proof. by move=> mu uc; apply: (@Pint_bounded _ _ P P1 c) => //; exact: mfun. Qed.

Let norm_p (l : 'I_L) z : `|p l z| <= 1. Proof. by rewrite ger0_norm ?p0 ?p1. Qed.

(* each coordinate is integrable *)
Lemma coordinate_integrable (l : 'I_L) (j : 'I_q) : Pint P (fun o => y o (l * q + j)%N).
Proof.
have [I _] := standard_normal_tilted 0 0 1 0.
have Iid : Pint standard_normal (fun x => x).
  by apply: Pint_ext I => x; rewrite /normal_integral.tilted_quadratic Rmult_0_l exp_0; ring.
have PR := iid_product_rule P1 standard_normal_probability HZ.
by have [] := independence.product_rule_single _ _ _ _ PR (fun x => x) _ (elimT ssrnat.ltP (index_lt l j)) Iid.
Qed.

(* sum of |be_i| (|z| + |b_i|) over all coordinates bounds every |T_m| and |e| *)
Definition coordinate_bound (z : nat -> RR) : RR :=
  \sum_(m < L) \sum_(i < q) `|be i| * (`|z (m * q + i)%N| + `|b i|).

Let term_ge0 (z : nat -> RR) (m : 'I_L) (i : 'I_q) : 0 <= `|be i| * (`|z (m * q + i)%N| + `|b i|).
Proof. by rewrite mulr_ge0// addr_ge0. Qed.

Lemma coordinate_bound_ge0 z : 0 <= coordinate_bound z.
Proof. by apply: sumr_ge0 => m _; apply: sumr_ge0 => i _; exact: term_ge0. Qed.

Lemma form_bounded (m : 'I_L) z : `|T m z| <= \sum_(i < q) `|be i| * (`|z (m * q + i)%N| + `|b i|).
Proof.
apply: le_trans (ler_norm_sum _ _ _) _; apply: ler_sum => i _.
by rewrite normrM ler_wpmul2l// ler_norm_sub.
Qed.

Lemma form_le (m : 'I_L) z : `|T m z| <= coordinate_bound z.
Proof.
apply: le_trans (form_bounded m z) _; rewrite /coordinate_bound (bigD1 m)//= ler_addl.
by apply: sumr_ge0 => r _; apply: sumr_ge0 => i _; exact: term_ge0.
Qed.

Lemma deviation_le z : `|e z| <= coordinate_bound z.
Proof.
rewrite flat_deviationE; apply: le_trans (ler_norm_sum _ _ _) _; apply: ler_sum => m _.
rewrite normrM; apply: le_trans (form_bounded m z).
by rewrite -[X in _ <= X]mul1r ler_wpmul2r.
Qed.

Definition total_slope : RR := \sum_(m < L) \sum_(i < q) `|be i|.
Let C := total_slope.
Lemma total_slope_ge0 : 0 <= C. Proof. by apply: sumr_ge0 => m _; apply: sumr_ge0. Qed.

Lemma coordinate_bound_update k z :
  coordinate_bound z <= coordinate_bound (update k 0 z) + C * `|z k|.
Proof.
rewrite /C mulr_suml -big_split; apply: ler_sum => m _ /=.
rewrite mulr_suml -big_split; apply: ler_sum => i _ /=.
rewrite -mulrDr ler_wpmul2l// addrAC ler_add2r /update.
by case: eqVneq => [->|_]; rewrite ?normr0 ?add0r// ler_addl.
Qed.

Lemma update_le_bound k z : coordinate_bound (update k 0 z) <= coordinate_bound z.
Proof.
apply: ler_sum => m _; apply: ler_sum => i _; rewrite ler_wpmul2l// ler_add2r /update.
by case: eqVneq => [_|//]; rewrite normr0.
Qed.

Let mbound : measurable_functional N coordinate_bound.
Proof.
apply: mfun_sum => m; apply: mfun_sum => i; apply: mfunM; first exact: mfun_cst.
apply: mfunD; last exact: mfun_cst.
move=> ? S Y mY; apply: (@measurable_fun_comp _ _ _ _ _ _ (@Num.norm _ _ : RR -> RR) _ (Y (m * q + i)%N)) => //.
exact: (mY _ (index_lt m i)).
Qed.

Lemma coordinate_bound_integrable : Pint P (fun o => coordinate_bound (y o)).
Proof.
have I1 (m : 'I_L) (i : 'I_q) : Pint P (fun o => `|be i| * (`|y o (m * q + i)%N| + `|b i|)).
  have I0 : P.-integrable setT (abse \o (EFin \o (fun o => y o (m * q + i)%N))).
    exact/integrable_abse/(coordinate_integrable m i).
  have := Pint_lin (`|be i| : R) (`|be i| * `|b i| : R) (I0 : Pint P (fun o => `|y o (m * q + i)%N|)) (Pint_const P1 1).
  by apply: Pint_ext => o; rewrite Rmult_1_r RplusE RmultE -mulrDr.
have I2 (m : 'I_L) := @Pmean_sum _ _ P P1 q _ _ (I1 m) (fun i => erefl).
exact: (proj1 (@Pmean_sum _ _ P P1 L _ _ (fun m => proj1 (I2 m)) (fun m => erefl))).
Qed.

(* the growth functional of Stein's identity for F = p_l e *)
Definition growth (k : nat) (bj bej : RR) (z : nat -> RR) : RR :=
  (3%:R * `|bj| + 1) * (coordinate_bound (update k 0 z) + C) + `|bej|.

Lemma growth_update k bj bej x z : growth k bj bej (update k x z) = growth k bj bej z.
Proof. by rewrite /growth update_update. Qed.

Lemma measurable_growth k bj bej : measurable_functional N (growth k bj bej).
Proof.
apply: mfunD; last exact: mfun_cst.
apply: mfunM; first exact: mfun_cst.
apply: mfunD; last exact: mfun_cst.
move=> ? S Y mY; apply: (mbound (Y := fun j s => update k 0 (fun i => Y i s) j)) => j jN.
rewrite /update; case: eqP => _; first exact: measurable_fun_cst.
exact: mY.
Qed.

Lemma growth_integrable k bj bej : Pint P (fun o => growth k bj bej (y o)).
Proof.
have I1 : Pint P (fun o => coordinate_bound (update k 0 (y o))).
  apply: (@Pint_dominated _ _ P P1 0 _ _ _ coordinate_bound_integrable) => [|o].
    apply: (mbound (Y := fun j o => update k 0 (fun i => Z i o) j)) => j jN.
    rewrite /update; case: eqP => _; first exact: measurable_fun_cst.
    exact: mZ.
  by rewrite add0r ger0_norm ?coordinate_bound_ge0//; exact: update_le_bound.
have := Pint_lin (3%:R * `|bj| + 1 : R) ((3%:R * `|bj| + 1) * C + `|bej| : R) I1 (Pint_const P1 1).
by apply: Pint_ext => o; rewrite Rmult_1_r RplusE RmultE /growth mulrDr addrA.
Qed.
End FlatDerivatives.

Section FlatSquare.
Variables (L q : nat) (b be : nat -> RR).
Hypothesis L0 : (0 < L)%N.
Let N := (L * q)%N.
Let p (l : nat) := flat_weight L q b l.
Let T (l : nat) := token_form q b be l.
Let e := flat_deviation L q b be.
Let power_sum := power_sum L q b.
Let P2 := power_sum 2.
Let coordinate_bound := coordinate_bound L q b be.
Let growth := growth L q b be.

Let flat_deviationE y : e y = \sum_(m < L) p m y * T m y. Proof. by []. Qed.

Let p0 (l : nat) y : 0 <= p l y. Proof. exact: flat_weight_ge0. Qed.
Let p1 (l : 'I_L) y : p l y <= 1. Proof. exact: flat_weight_le1. Qed.
Let psum y : \sum_(m < L) p m y = 1. Proof. exact: flat_weight_sum. Qed.

Let mp (l : 'I_L) : measurable_functional N (p l). Proof. exact: measurable_flat_weight. Qed.
Let mT (l : 'I_L) : measurable_functional N (T l).
Proof.
apply: mfun_sum => j; apply: mfunM; first exact: mfun_cst.
by apply: mfunB; [exact: (mfun_coordinate (index_lt l j))|exact: mfun_cst].
Qed.
Let me_ : measurable_functional N e.
Proof. by apply: mfun_sum => l; apply: mfunM; [exact: mp|exact: mT]. Qed.
Let mP2 : measurable_functional N P2.
Proof.
have -> : P2 = fun y => \sum_(m < L) p m y * p m y by apply/funext => y; apply: eq_bigr => m _; rewrite expr2.
by apply: mfun_sum => l; apply: mfunM; exact: mp.
Qed.

Let P2_bound y : 0 <= P2 y <= 1.
Proof.
apply/andP; split; first by apply: sumr_ge0 => m _; exact: sqr_ge0.
rewrite -(psum y); apply: ler_sum => m _; rewrite expr2 -[X in _ <= X]mulr1.
by apply: ler_wpmul2l; [exact: p0|exact: p1].
Qed.

Context d (Om : measurableType d) (P : {measure set Om -> \bar RR}).
Hypothesis P1 : P setT = 1%E.
Variable Z : nat -> Om -> RR.
Hypothesis HZ : iid_with_law P standard_normal (L * q) Z.
Let mZ := proj1 HZ.
Let y o : nat -> RR := fun k => Z k o.
Let mfun (F : (nat -> RR) -> RR) : measurable_functional N F -> measurable_fun setT (fun o => F (y o)).
Proof. by move=> mF; apply: mF => k kN; exact: mZ. Qed.

Let norm_p (l : 'I_L) z : `|p l z| <= 1. Proof. by rewrite ger0_norm ?p0 ?p1. Qed.

(* ---- the three uses of Stein's identity ---- *)

Let c := form_bias q b be.
Let cp (l : 'I_L) (l' : 'I_L) (j : 'I_q) : continuous_along (l' * q + j) (p l).
Proof. exact: derivative_continuous (weight_along b l' j l). Qed.
Let cT (l : 'I_L) (l' : 'I_L) (j : 'I_q) : continuous_along (l' * q + j) (T l).
Proof. exact: derivative_continuous (form_along b be l' j l). Qed.
Let ce (l' : 'I_L) (j : 'I_q) : continuous_along (l' * q + j) e.
Proof. exact: derivative_continuous (deviation_along b be l' j). Qed.
Let cP2 (l' : 'I_L) (j : 'I_q) : continuous_along (l' * q + j) P2.
Proof. exact: derivative_continuous (square_along b l' j). Qed.

Lemma mean_lin3 (f g h k : Om -> RR) (u v w : R) : Pint P f -> Pint P g -> Pint P h ->
  (forall o, k o = Rplus (Rplus (Rmult u (f o)) (Rmult v (g o))) (Rmult w (h o))) ->
  Pint P k /\ Pmean P k = Rplus (Rplus (Rmult u (Pmean P f)) (Rmult v (Pmean P g))) (Rmult w (Pmean P h)).
Proof.
move=> If Ig Ih kE.
have J1 := Pint_lin u v If Ig; have J := Pint_lin (IZR 1) w J1 Ih.
have E := Pmean_lin (IZR 1) w J1 Ih; rewrite (Pmean_lin u v If Ig) Rmult_1_l in E.
have Q : (fun o => Rplus (Rmult (IZR 1) (Rplus (Rmult u (f o)) (Rmult v (g o)))) (Rmult w (h o))) = k.
  by apply/funext => o; rewrite Rmult_1_l kE.
by rewrite Q in J E.
Qed.

Let Ie : Pint P (fun o => e (y o)). Proof. exact: (proj1 (flat_bias b be P1 HZ L0)). Qed.
Let IT (l : 'I_L) : Pint P (fun o => T l (y o)).
Proof.
apply: (@Pint_dominated _ _ P P1 0 _ _ (mfun (mT l)) (coordinate_bound_integrable b be P1 HZ)) => o.
by rewrite add0r; exact: form_le.
Qed.
Let mpp (l : 'I_L) : measurable_functional N (fun z => p l z * p l z).
Proof. by apply: mfunM; exact: mp. Qed.
Let unit_mul (u v : RR) : `|u| <= 1 -> `|v| <= 1 -> `|u * v| <= 1.
Proof. by move=> hu hv; rewrite normrM -[X in _ <= X]mulr1 ler_pmul. Qed.
Let norm_pp (l : 'I_L) z : `|p l z * p l z| <= 1. Proof. exact: unit_mul. Qed.
Let norm_P2 z : `|P2 z| <= 1.
Proof. by have /andP[h1 h2] := P2_bound z; rewrite ger0_norm. Qed.
Let norm_diff (u v : RR) : 0 <= u <= 1 -> 0 <= v <= 1 -> `|u - v| <= 1.
Proof.
move=> /andP[u0 u1] /andP[v0 v1]; rewrite ler_norml; apply/andP; split.
  by rewrite ler_subr_addl -ler_subr_addr; apply: le_trans v1 _; rewrite opprK ler_addr.
by rewrite ler_subl_addr (le_trans u1)// ler_addl.
Qed.

(* bounded F: only the part along b *)
Lemma token_stein_bounded (l : 'I_L) (F H1 : (nat -> RR) -> RR) :
  measurable_functional N F -> measurable_functional N H1 ->
  (forall j : 'I_q, derivative_along (l * q + j) F (fun z => b j * H1 z + be j * 0)) ->
  (forall j : 'I_q, continuous_along (l * q + j) H1) ->
  (forall z, `|F z| <= 1) -> (forall z, `|H1 z| <= 3%:R) ->
  Pint P (fun o => F (y o) * T l (y o)) /\
  Pmean P (fun o => F (y o) * T l (y o)) = c * Pmean P (fun o => H1 (y o)) - c * Pmean P (fun o => F (y o)) :> RR.
Proof.
move=> mF mH1 dF c1 BF BH.
pose K (j : 'I_q) (_ : nat -> RR) : RR := 3%:R * `|b j| + 1.
have K1 j : 1 <= 3%:R * `|b j| + 1 by rewrite ler_addr mulr_ge0.
have sq1 (z : RR) : 1 <= 1 + z ^+ 2 by rewrite ler_addl sqr_ge0.
have [I E] : Pint P (fun o => F (y o) * T l (y o)) /\
    Pmean P (fun o => F (y o) * T l (y o)) = c * Pmean P (fun o => H1 (y o))
      + form_square q be * Pmean P (fun=> 0) - c * Pmean P (fun o => F (y o)) :> RR.
  apply: (@token_stein L q b be _ Om P P1 Z HZ l F H1 (fun=> 0) K) => //.
  - exact: mfun_cst.
  - by move=> j; exact: mfun_cst.
  - by move=> j; exact: Pint_const.
  - by move=> j; exact: along_cst.
  - move=> j z; rewrite mulr0 addr0 normrM; apply: (@le_trans _ _ (`|b j| * 3%:R)); first by rewrite ler_wpmul2l.
    rewrite mulrC; apply: (@le_trans _ _ (K j z)); first by rewrite ler_addl.
    by rewrite ler_pmulr// (lt_le_trans ltr01)//; exact: K1.
  - move=> j z; rewrite normrM; apply: (@le_trans _ _ (1 * (1 + z (l * q + j)%N ^+ 2))).
      by rewrite mul1r; apply: le_trans (norm_le_1_plus_sq _); rewrite -[X in _ <= X]mulr1 ler_wpmul2l.
    by rewrite ler_wpmul2r ?(le_trans ler01)//; exact: K1.
  - exact: (bounded_integrable P1 HZ mF BF).
  - exact: (bounded_integrable P1 HZ mH1 BH).
  - exact: Pint_const.
by split => //; rewrite E (Pmean_const P1) mulr0 addr0.
Qed.

(* F = p_l^2 *)
Let square_form (l : 'I_L) : Pint P (fun o => p l (y o) * p l (y o) * T l (y o)) /\
  Pmean P (fun o => p l (y o) * p l (y o) * T l (y o)) =
  c * Pmean P (fun o => p l (y o) * p l (y o) * (1 - p l (y o)) + p l (y o) * p l (y o) * (1 - p l (y o)))
  - c * Pmean P (fun o => p l (y o) * p l (y o)) :> RR.
Proof.
have q1 z : `|1 - p l z| <= 1 by apply: norm_diff; rewrite ?ler01 ?lexx ?p0 ?p1.
apply: (@token_stein_bounded l (fun z => p l z * p l z)
  (fun z => p l z * p l z * (1 - p l z) + p l z * p l z * (1 - p l z))) => //.
- have m1 : measurable_functional N (fun z => p l z * p l z * (1 - p l z)).
    by apply: mfunM => //; apply: mfunB; [exact: mfun_cst|exact: mp].
  exact: mfunD.
- exact: weight_square_along.
- move=> j; have c1 : continuous_along (l * q + j) (fun z => p l z * p l z * (1 - p l z)).
    apply: alongM; first by apply: alongM; exact: cp.
    by apply: alongB; [exact: along_cst|exact: cp].
  exact: alongD.
- move=> z; apply: le_trans (ler_norm_add _ _) _.
  have h := unit_mul (norm_pp l z) (q1 z).
  by apply: le_trans (ler_add h h) _; rewrite -(natrD _ 1 1) ler_nat.
Qed.

(* F = P_2 p_l *)
Let sum_form (l : 'I_L) : Pint P (fun o => P2 (y o) * p l (y o) * T l (y o)) /\
  Pmean P (fun o => P2 (y o) * p l (y o) * T l (y o)) =
  c * Pmean P (fun o => p l (y o) * p l (y o) * (p l (y o) - P2 (y o)) + p l (y o) * p l (y o) * (p l (y o) - P2 (y o))
      + P2 (y o) * p l (y o) * (1 - p l (y o)))
  - c * Pmean P (fun o => P2 (y o) * p l (y o)) :> RR.
Proof.
have q1 z : `|1 - p l z| <= 1 by apply: norm_diff; rewrite ?ler01 ?lexx ?p0 ?p1.
have q2 z : `|p l z - P2 z| <= 1 by apply: norm_diff; rewrite ?p0 ?p1 ?P2_bound.
apply: (@token_stein_bounded l (fun z => P2 z * p l z)
  (fun z => p l z * p l z * (p l z - P2 z) + p l z * p l z * (p l z - P2 z) + P2 z * p l z * (1 - p l z))).
- exact: mfunM.
- have m1 : measurable_functional N (fun z => p l z * p l z * (p l z - P2 z)) by apply: mfunM => //; exact: mfunB.
  apply: mfunD; first exact: mfunD.
  by apply: mfunM; [exact: mfunM|apply: mfunB; [exact: mfun_cst|exact: mp]].
- exact: sum_weight_along.
- move=> j; have c1 : continuous_along (l * q + j) (fun z => p l z * p l z * (p l z - P2 z)).
    apply: alongM; first by apply: alongM; exact: cp.
    by apply: alongB; [exact: cp|exact: cP2].
  apply: alongD; first exact: alongD.
  apply: alongM; first by apply: alongM; [exact: cP2|exact: cp].
  by apply: alongB; [exact: along_cst|exact: cp].
- by move=> z; apply: unit_mul => //; exact: norm_p.
- move=> z; apply: le_trans (ler_norm_add _ _) _.
  have h := unit_mul (norm_pp l z) (q2 z).
  have h' := unit_mul (unit_mul (norm_P2 z) (norm_p l z)) (q1 z).
  apply: le_trans (ler_add (le_trans (ler_norm_add _ _) (ler_add h h)) h') _.
  by rewrite -(natrD _ 1 1) -(natrD _ 2 1).
Qed.

(* F = p_l e *)
Let deviation_form (l : 'I_L) : Pint P (fun o => p l (y o) * e (y o) * T l (y o)) /\
  Pmean P (fun o => p l (y o) * e (y o) * T l (y o)) =
  c * Pmean P (fun o => p l (y o) * (1 - p l (y o)) * e (y o) + p l (y o) * p l (y o) * (T l (y o) - e (y o)))
  + form_square q be * Pmean P (fun o => p l (y o) * p l (y o))
  - c * Pmean P (fun o => p l (y o) * e (y o)) :> RR.
Proof.
have q1 z : `|1 - p l z| <= 1 by apply: norm_diff; rewrite ?ler01 ?lexx ?p0 ?p1.
have m1 : measurable_functional N (fun z => p l z * (1 - p l z)).
  by apply: mfunM => //; apply: mfunB; [exact: mfun_cst|exact: mp].
have growth_ge (j : 'I_q) z :
    3%:R * `|b j| * coordinate_bound z + `|be j| <= growth (l * q + j) (b j) (be j) z * (1 + z (l * q + j)%N ^+ 2) /\
    `|z (l * q + j)%N| * coordinate_bound z <= growth (l * q + j) (b j) (be j) z * (1 + z (l * q + j)%N ^+ 2).
  have three : IZR 3 = 3%:R :> RR by rewrite -INRE /=; Lra.lra.
  have [h1 h2] := @growth_algebra (coordinate_bound z) (coordinate_bound (update (l * q + j) 0 z)) (total_slope L q be)
    (`|z (l * q + j)%N|) `|b j| `|be j| (elimT (RleP _ _) (coordinate_bound_ge0 L q b be _)) (elimT (RleP _ _) (total_slope_ge0 L q be))
    (Rabs_pos _) (Rabs_pos _) (Rabs_pos _) (elimT (RleP _ _) (coordinate_bound_update L q b be _ _)).
  have sqE : Rplus 1 (pow `|z (l * q + j)%N| 2) = 1 + z (l * q + j)%N ^+ 2 :> RR.
    by rewrite pow2E real_normK ?num_real.
  rewrite sqE three in h1 h2.
  by split; apply/RleP.
apply: (@token_stein L q b be _ Om P P1 Z HZ l (fun z => p l z * e z)
  (fun z => p l z * (1 - p l z) * e z + p l z * p l z * (T l z - e z)) (fun z => p l z * p l z)
  (fun j => growth (l * q + j) (b j) (be j))) => //.
- exact: mfunM.
- by apply: mfunD; apply: mfunM => //; exact: mfunB.
- by move=> j; exact: measurable_growth.
- by move=> j x z; exact: growth_update.
- by move=> j; exact: growth_integrable.
- exact: weight_deviation_along.
- move=> j; apply: alongD; apply: alongM.
  + by apply: alongM; [exact: cp|apply: alongB; [exact: along_cst|exact: cp]].
  + exact: ce.
  + by apply: alongM; exact: cp.
  + by apply: alongB; [exact: cT|exact: ce].
- by move=> j; apply: alongM; exact: cp.
- move=> j z; apply: le_trans (proj1 (growth_ge j z)).
  apply: le_trans (ler_norm_add _ _) _; apply: ler_add; last first.
    by rewrite normrM -[X in _ <= X]mulr1 ler_wpmul2l//; exact: norm_pp.
  have -> : 3%:R * `|b j| * coordinate_bound z = `|b j| * (3%:R * coordinate_bound z).
    by rewrite [RHS]mulrCA mulrA.
  rewrite normrM ler_wpmul2l//.
  apply: le_trans (ler_norm_add _ _) _.
  have hA := deviation_le q b be L0 z; have hT := form_le q b be l z.
  have h1 : `|p l z * (1 - p l z) * e z| <= coordinate_bound z.
    rewrite normrM; apply: le_trans hA; rewrite -[X in _ <= X]mul1r ler_wpmul2r//.
    exact: (unit_mul (norm_p l z) (q1 z)).
  have h2 : `|p l z * p l z * (T l z - e z)| <= coordinate_bound z + coordinate_bound z.
    rewrite normrM; apply: (@le_trans _ _ (1 * `|T l z - e z|)); first by rewrite ler_wpmul2r.
    by rewrite mul1r; apply: le_trans (ler_norm_sub _ _) _; exact: ler_add.
  by apply: le_trans (ler_add h1 h2) _; rewrite mulr_natl !mulrS mulr0n addr0.
- move=> j z; apply: le_trans (proj2 (growth_ge j z)); rewrite normrM ler_wpmul2l// normrM.
  by apply: le_trans (deviation_le q b be L0 z); rewrite -[X in _ <= X]mul1r ler_wpmul2r.
- exact: (bounded_multiple P1 HZ (mp l) me_ (norm_p l) Ie).
- have ITe : Pint P (fun o => T l (y o) - e (y o)).
    have := Pint_lin (IZR 1) (IZR (-1)) (IT l) Ie; apply: Pint_ext => o.
    by rewrite Rmult_1_l -[LHS]/(T l (y o) + (-1) * e (y o)) mulN1r.
  have I1 := bounded_multiple P1 HZ m1 me_ (fun z => unit_mul (norm_p l z) (q1 z)) Ie.
  have I2 := bounded_multiple P1 HZ (mpp l) (mfunB (mT l) me_) (norm_pp l)
     ITe.
  have := Pint_lin (IZR 1) (IZR 1) I1 I2; apply: Pint_ext => o; by rewrite !Rmult_1_l.
- exact: (bounded_integrable P1 HZ (mpp l) (norm_pp l)).
Qed.

Let mean (F : (nat -> RR) -> RR) : RR := Pmean P (fun o => F (y o)).

(* E e^2 = |be|^2 r_2 + <be,b>^2 (r_2 - 6 r_3 + 6 E22) *)
Theorem flat_square : Pint P (fun o => e (y o) ^+ 2) /\
  Pmean P (fun o => e (y o) ^+ 2) =
    form_square q be * mean P2
    + c ^+ 2 * (mean P2 - 6%:R * mean (power_sum 3) + 6%:R * mean (fun z => P2 z ^+ 2)) :> RR.
Proof.
have Ipp (l : 'I_L) := bounded_integrable P1 HZ (mpp l) (norm_pp l).
have norm_ppp (l : 'I_L) z : `|p l z * p l z * p l z| <= 1 by apply: unit_mul.
have Ippp (l : 'I_L) := bounded_integrable P1 HZ (mfunM (mpp l) (mp l)) (norm_ppp l).
have norm_Ppp (l : 'I_L) z : `|P2 z * (p l z * p l z)| <= 1 by apply: unit_mul.
have IPpp (l : 'I_L) := bounded_integrable P1 HZ (mfunM mP2 (mpp l)) (norm_Ppp l).
have norm_Pp (l : 'I_L) z : `|P2 z * p l z| <= 1 by apply: unit_mul.
have IPp (l : 'I_L) := bounded_integrable P1 HZ (mfunM mP2 (mp l)) (norm_Pp l).
have Ipe (l : 'I_L) := bounded_multiple P1 HZ (mp l) me_ (norm_p l) Ie.
have Ippe (l : 'I_L) := bounded_multiple P1 HZ (mpp l) me_ (norm_pp l) Ie.
have IppT (l : 'I_L) := proj1 (square_form l).
pose r2 (l : 'I_L) := mean (fun z => p l z * p l z); pose r3 (l : 'I_L) := mean (fun z => p l z * p l z * p l z).
pose e22 (l : 'I_L) := mean (fun z => P2 z * (p l z * p l z)).
pose pe (l : 'I_L) := mean (fun z => p l z * e z); pose ppe (l : 'I_L) := mean (fun z => p l z * p l z * e z).
pose ppt (l : 'I_L) := mean (fun z => p l z * p l z * T l z); pose spt (l : 'I_L) := mean (fun z => P2 z * p l z * T l z).
pose sp (l : 'I_L) := mean (fun z => P2 z * p l z).
have R1 (l : 'I_L) : mean (fun z => p l z * e z * T l z) = Rminus (Rplus
    (Rmult c (Rplus (Rplus (Rmult 1 (pe l)) (Rmult (-2) (ppe l))) (Rmult 1 (ppt l))))
    (Rmult (form_square q be) (r2 l))) (Rmult c (pe l)).
  rewrite /mean (proj2 (deviation_form l)).
  rewrite (proj2 (mean_lin3 (Ipe l) (Ippe l) (IppT l) (fun o => mean_weight_deviation (p l (y o)) (e (y o)) (T l (y o))))).
  by [].
have R2 (l : 'I_L) : ppt l = Rminus (Rmult c (Rplus (Rplus (Rmult 2 (r2 l)) (Rmult (-2) (r3 l))) (Rmult 0 (r2 l)))) (Rmult c (r2 l)).
  rewrite /ppt /mean (proj2 (square_form l)).
  by rewrite (proj2 (mean_lin3 (Ipp l) (Ippp l) (Ipp l) (fun o => mean_weight_square (p l (y o))))).
have R3 (l : 'I_L) : spt l = Rminus (Rmult c (Rplus (Rplus (Rmult 2 (r3 l)) (Rmult (-3) (e22 l))) (Rmult 1 (sp l)))) (Rmult c (sp l)).
  rewrite /spt /mean (proj2 (sum_form l)).
  by rewrite (proj2 (mean_lin3 (Ippp l) (IPpp l) (IPp l) (fun o => mean_sum_weight (p l (y o)) (P2 (y o))))).
have S (F : 'I_L -> (nat -> RR) -> RR) (H : (nat -> RR) -> RR) : (forall l, Pint P (fun o => F l (y o))) ->
    (forall z, \sum_(l < L) F l z = H z) ->
    Pint P (fun o => H (y o)) /\ \sum_(l < L) mean (F l) = mean H.
  move=> IF FH; have [I E] := @Pmean_sum _ _ P P1 L (fun l o => F l (y o)) (fun l => mean (F l)) IF (fun l => erefl).
  have Q : (fun o => \sum_(l < L) F l (y o)) = (fun o => H (y o)) by apply/funext => o; rewrite FH.
  by rewrite Q in I E.
have ppE z (l : 'I_L) : p l z * p l z = p l z ^+ 2 by rewrite expr2.
have [Iee See] : Pint P (fun o => e (y o) ^+ 2) /\
    \sum_(l < L) mean (fun z => p l z * e z * T l z) = mean (fun z => e z ^+ 2).
  apply: (S (fun l z => p l z * e z * T l z)) => [l|z]; first exact: (proj1 (deviation_form l)).
  rewrite expr2 [X in _ = X * _]flat_deviationE mulr_suml; apply: eq_bigr => l _.
  by rewrite mulrAC.
have [_ Sppe] : Pint P (fun o => P2 (y o) * e (y o)) /\ \sum_(l < L) ppe l = mean (fun z => P2 z * e z).
  apply: (S (fun l z => p l z * p l z * e z)) => // z; rewrite -mulr_suml; congr (_ * _).
have [_ Sspt] : Pint P (fun o => P2 (y o) * e (y o)) /\ \sum_(l < L) spt l = mean (fun z => P2 z * e z).
  apply: (S (fun l z => P2 z * p l z * T l z)) => [l|z]; first exact: (proj1 (sum_form l)).
  by rewrite flat_deviationE mulr_sumr; apply: eq_bigr => l _; rewrite mulrA.
have [_ Sr2] : Pint P (fun o => P2 (y o)) /\ \sum_(l < L) r2 l = mean P2.
  by apply: (S (fun l z => p l z * p l z)) => // z; rewrite /P2 /power_sum; apply: eq_bigr => l _; rewrite expr2.
have [_ Sr3] : Pint P (fun o => power_sum 3 (y o)) /\ \sum_(l < L) r3 l = mean (power_sum 3).
  by apply: (S (fun l z => p l z * p l z * p l z)) => // z; rewrite /power_sum; apply: eq_bigr => l _; rewrite -expr2 -exprSr.
have [_ Se22] : Pint P (fun o => P2 (y o) ^+ 2) /\ \sum_(l < L) e22 l = mean (fun z => P2 z ^+ 2).
  apply: (S (fun l z => P2 z * (p l z * p l z))) => // z; rewrite -mulr_sumr expr2; congr (_ * _).
split => //; rewrite -[LHS]/(mean (fun z => e z ^+ 2)) -See.
have six : IZR 6 = 6%:R :> RR by rewrite -INRE /=; Lra.lra.
have sum5 (f g h r : 'I_L -> RR) (u v w b0 : RR) :
    \sum_(l < L) (c * (u * f l + v * g l + w * h l) + b0 * r l - c * f l) =
    c * (u * (\sum_(l < L) f l) + v * (\sum_(l < L) g l) + w * (\sum_(l < L) h l)) + b0 * (\sum_(l < L) r l)
      - c * (\sum_(l < L) f l).
  by rewrite sumrB big_split /= -!mulr_sumr !big_split /= -!mulr_sumr.
have sum4 (f g h r : 'I_L -> RR) (u v w : RR) :
    \sum_(l < L) (c * (u * f l + v * g l + w * h l) - c * r l) =
    c * (u * (\sum_(l < L) f l) + v * (\sum_(l < L) g l) + w * (\sum_(l < L) h l)) - c * (\sum_(l < L) r l).
  by rewrite sumrB -!mulr_sumr !big_split /= -!mulr_sumr.
have T2 := etrans (eq_bigr _ (fun l _ => R2 l)) (sum4 r2 r3 r2 r2 (IZR 2) (IZR (-2)) (IZR 0)).
have T3 := etrans (eq_bigr _ (fun l _ => R3 l)) (sum4 r3 e22 sp sp (IZR 2) (IZR (-3)) (IZR 1)).
rewrite (eq_bigr _ (fun l _ => R1 l)) (sum5 pe ppe ppt r2 (IZR 1) (IZR (-2)) (IZR 1) (form_square q be)).
have := @second_moment_total c (form_square q be) (\sum_(l < L) r2 l) (\sum_(l < L) r3 l) (\sum_(l < L) e22 l)
  (\sum_(l < L) pe l) (\sum_(l < L) ppe l) (\sum_(l < L) ppt l) (\sum_(l < L) spt l)
  (etrans Sppe (esym Sspt)) T2 (\sum_(l < L) sp l) T3.
by rewrite Sr2 Sr3 Se22 six pow2E => H; exact: H.
Qed.
End FlatSquare.
