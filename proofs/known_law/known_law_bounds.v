(* T4 and T5 at the constants of a known law (T6), and theorem T9 (value-gradient): the
   error of the gradient in the value matrix.

   The token law has E e^{<v,x>} finite for every v; Z(v) = E e^{<v,x>}; a the tilt, V a
   matrix, c = V m(a); square_error (sub_gaussian_bounds.v) is |That - c|^2 over a prompt of
   L i.i.d. tokens; output_spread V v = tr(V C(v) V^T) + |V (m(v) - m(a))|^2.

     known_rho, known_kappa   rho = Z(2a) / Z(a)^2 and kap = Z(a) Z(-a)
     known_A2, known_F0       A2 = rho output_spread V 2a and F0 = output_spread V 0

     known_law_chernoff   E|That - c|^2 <= T4 at A2, F0, rho, for L >= 2
     known_law_laplace    E|That - c|^2 <= T5 at A2, rho, kap, for L >= 6, one or two splits

   The gradient in V: the output V mhat, mhat = sum_i p_i X_i, of r rows has the derivative

     value_gradient mhat i k l   1{i = k} mhat_l of coordinate i in the entry (k, l) of V
                                 (value_gradient_derivative)
     value_gradient_error        the sum of the squares of its distances to those at m(a)

     value_gradient_errorE    it is r |mhat - m(a)|^2
     value_gradient_chernoff  E of it is at most T4 at r A2, r F0, rho of V = I, for L >= 2
     value_gradient_laplace   E of it is at most T5 at r A2, rho, kap of V = I, for L >= 6 *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap zmodp matrix.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds.foundation Require Import integration probability_measure.
From AttentionBounds.certificate Require Import bounds_definitions.
From AttentionBounds.chernoff Require Import chernoff_bound.
From AttentionBounds.laplace Require Import laplace_bound.
From AttentionBounds.sub_gaussian Require Import tilted_mean sub_gaussian_moments sub_gaussian_bounds.
From AttentionBounds.known_law Require Import cumulant known_moments.
From AttentionBounds.known_law Require cumulant_abstract.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Section Constants.
Context d' (T : measurableType d') (mu : {measure set T -> \bar RR}).
Variables (d : nat) (x : 'I_d -> T -> RR) (a : 'I_d -> RR).
Definition known_rho : RR := mass mu x (fun k => 2%:R * a k) / mass mu x a ^+ 2.
Definition known_kappa : RR := mass mu x a * mass mu x (fun k => -1 * a k).
Definition known_A2 (m : nat) (V : 'M[RR]_(m, d)) : RR := known_rho * output_spread mu x V a (fun k => 2%:R * a k).
Definition known_F0 (m : nat) (V : 'M[RR]_(m, d)) : RR := output_spread mu x V a (fun=> 0).
End Constants.

Section KnownLawBounds.
Context d' (T : measurableType d') (mu : {measure set T -> \bar RR}).
Hypothesis mu1 : mu setT = 1%E.
Variables (d : nat) (x : 'I_d -> T -> RR).
Hypothesis mx : forall k, measurable_fun setT (x k).
Hypothesis x_finite : finite_cumulants mu x.
Variable a : 'I_d -> RR.
Context d0 (Om : measurableType d0) (P : {measure set Om -> \bar RR}).
Hypothesis P1 : P setT = 1%E.
Variables (L : nat) (X : nat -> Om -> T).
Hypothesis HX : iid_with_law P mu L X.

Let w := token_weight x a.
Let w0 := token_weight_gt0 x a.
Let mw : measurable_fun setT w := measurable_token_weight mx a.
Let rhoE : tilted_rho mu w = known_rho mu x a := known_law_rho mu x a.
Let kappaE : tilted_kappa mu w = known_kappa mu x a := known_law_kappa mu x a.

(* T4 in mathcomp's vocabulary *)
Let boundE (A F rho delta : RR) : chernoff_bound A F rho L%:R delta =
  A / ((1 - delta) ^+ 2 * L%:R) + L%:R * F * rexp (- (delta * L%:R - 1) ^+ 2 / (2%:R * (L%:R - 1) * rho)).
Proof. by have := @chernoff_valueE L delta rho A F; rewrite /chernoff_bound -(INRE L); exact. Qed.

Section Output.
Variables (m : nat) (V : 'M[RR]_(m, d)).
Let f := deviation mu x V a.
Let mf i : measurable_fun setT (f i) := measurable_deviation mu mx V a i.
Let A2E : (\sum_(i < m) \int[mu]_t ((w t * f i t) ^+ 2)) / (\int[mu]_t w t) ^+ 2 = known_A2 mu x a V.
Proof. by rewrite (known_law_A2 mu1 mx x_finite) rhoE. Qed.
Let F0E : \sum_(i < m) \int[mu]_t (f i t ^+ 2) = known_F0 mu x a V := known_law_F0 mu1 mx x_finite V a.

Lemma square_errorE o : (0 < L)%N -> square_error mu x V a L X o = \sum_(i < m) (weighted_mean L X w (f i) o) ^+ 2.
Proof.
move=> L0; apply: eq_bigr => i _; congr (_ ^+ 2); rewrite /prompt_output /weighted_mean.
pose W := \sum_(j < L) w (X j o); rewrite -/W.
have W0 : W != 0.
  rewrite gt_eqF// /W (bigD1 (Ordinal L0))//= ltr_paddr//.
  by apply: sumr_ge0 => j _; exact/ltW.
have one : \sum_(j < L) w (X j o) / W = 1 by rewrite -mulr_suml mulfV.
rewrite -[population mu x V a i]mul1r -one mulr_suml -sumrB; apply: eq_bigr => j _.
by rewrite -mulrBr.
Qed.

Theorem known_law_chernoff (delta : RR) : (2 <= L)%N -> 1 / L%:R < delta < 1 ->
  (\int[P]_o (square_error mu x V a L X o)%:E
    <= (chernoff_bound (known_A2 mu x a V) (known_F0 mu x a V) (known_rho mu x a) L%:R delta : RR)%:E)%E.
Proof.
move=> L2 Hd; have L0 : (0 < L)%N by exact: ltnW.
rewrite (eq_integral (fun o => (\sum_(i < m) (weighted_mean L X w (f i) o) ^+ 2)%:E)); last first.
  by move=> o _; rewrite square_errorE.
have := chernoff_mean_square P1 mu1 HX L2 Hd mw mf w0 (weight_square_integrable x_finite a)
  (deviation_integrable mu1 mx x_finite V a) (weighted_deviation_integrable mu1 mx x_finite V a)
  (deviation_centred mu1 mx x_finite V a).
cbv zeta; rewrite -/f A2E F0E rhoE => /le_trans; apply; rewrite lee_fin le_eqVlt; apply/orP; left; apply/eqP.
by rewrite boundE.
Qed.

Theorem known_law_laplace (c2 c4 : splits) (th2 th4 : RR) : (6 <= L)%N -> 0 < th2 <= 1 -> 0 < th4 <= 1 ->
  (\int[P]_o (square_error mu x V a L X o)%:E
    <= (laplace_split_bound c2 c4 (known_A2 mu x a V) (known_rho mu x a) (known_kappa mu x a) L%:R th2 th4 : RR)%:E)%E.
Proof.
move=> L6 H2 H4; have L0 : (0 < L)%N by exact: leq_trans L6.
rewrite (eq_integral (fun o => (\sum_(i < m) (weighted_mean L X w (f i) o) ^+ 2)%:E)); last first.
  by move=> o _; rewrite square_errorE.
have := laplace_mean_square_splits P1 mu1 HX mw w0 (weight_square_integrable x_finite a)
  (weight_inverse_integrable x_finite a) c2 c4 L6 H2 H4 mf
  (weighted_deviation_integrable mu1 mx x_finite V a) (deviation_centred mu1 mx x_finite V a).
by cbv zeta; rewrite -/f A2E rhoE kappaE.
Qed.
End Output.

(* ---- the gradient in the value matrix ---- *)

Definition value_gradient (r : nat) (mean : 'I_d -> RR) (i k : 'I_r) (l : 'I_d) : RR := (i == k)%:R * mean l.

Lemma value_gradient_derivative (r : nat) (V : 'M[RR]_(r, d)) (mean : 'I_d -> RR) i k l :
  derivable_pt_lim (fun s => ((V + s *: delta_mx k l) *m \col_j mean j) i 0) 0 (value_gradient mean i k l).
Proof.
have -> : (fun s => ((V + s *: delta_mx k l) *m \col_j mean j) i 0) =
    (fun s => Rplus ((V *m \col_j mean j) i 0) (Rmult s (value_gradient mean i k l))) :> (R -> R).
  apply/funext => s; rewrite mulmxDl -scalemxAl !mxE RplusE RmultE; congr (_ + _ * _).
  rewrite (bigD1 l)//= big1 ?addr0 => [|j jl]; first by rewrite !mxE eqxx andbT.
  by rewrite !mxE (negbTE jl) andbF mul0r.
exact: cumulant_abstract.affine_derivative.
Qed.

Definition value_gradient_error (r : nat) (o : Om) : RR := \sum_(i < r) \sum_(k < r) \sum_(l < d)
  (value_gradient (fun l => weighted_mean L X (token_weight x a) (x l) o) i k l
   - value_gradient (tilted_mean_vector mu x a) i k l) ^+ 2.

Let identity_row (l : 'I_d) (v : 'I_d -> RR) : \sum_(k < d) (1%:M : 'M[RR]_d) l k * v k = v l.
Proof.
rewrite (bigD1 l)//= mxE eqxx mul1r big1 ?addr0// => k kl.
by rewrite mxE eq_sym (negbTE kl) mul0r.
Qed.

Lemma value_gradient_errorE (r : nat) o :
  value_gradient_error r o = r%:R * square_error mu x (1%:M : 'M[RR]_d) a L X o.
Proof.
pose q l := (weighted_mean L X w (x l) o - tilted_mean_vector mu x a l) ^+ 2.
have E : square_error mu x (1%:M : 'M[RR]_d) a L X o = \sum_(l < d) q l.
  have tokenE l : token_value x (1%:M : 'M[RR]_d) l = x l.
    by apply/funext => t; rewrite /token_value /linear_form identity_row.
  by apply: eq_bigr => l _; rewrite /q /population identity_row /prompt_output tokenE.
rewrite /value_gradient_error (eq_bigr (fun=> \sum_(l < d) q l)) => [|i _].
  by rewrite sumr_const card_ord E mulr_natl.
rewrite (bigD1 i)//= [X in _ + X]big1 ?addr0 => [|k ki].
  by apply: eq_bigr => l _; rewrite /value_gradient eqxx !mul1r.
by rewrite big1// => l _; rewrite /value_gradient eq_sym (negbTE ki) !mul0r subrr expr0n.
Qed.

Lemma value_gradient_scaled (r : nat) (B : RR) :
  (\int[P]_o (square_error mu x (1%:M : 'M[RR]_d) a L X o)%:E <= B%:E)%E ->
  (0 < L)%N ->
  (\int[P]_o (value_gradient_error r o)%:E <= (r%:R * B)%:E)%E.
Proof.
move=> H L0; under eq_integral do rewrite value_gradient_errorE EFinM.
have mE : measurable_fun setT (fun o => (square_error mu x (1%:M : 'M[RR]_d) a L X o)%:E).
  apply/EFin_measurable_fun.
  apply: (@measurable_fun_sumr _ _ _ _ (fun (i : 'I_d) o =>
    (prompt_output x 1%:M a L X i o - population mu x 1%:M a i) ^+ 2)) => i.
  apply: measurable_fun_sqr; apply: measurable_funB; last exact: measurable_fun_cst.
  apply: measurable_weighted_mean => //; first exact: (proj1 HX).
  exact: measurable_linear_form.
rewrite ge0_integralM//.
- by rewrite EFinM; apply: lee_wpmul2l => //; rewrite lee_fin ler0n.
- by move=> o _; rewrite lee_fin; apply: sumr_ge0 => i _; exact: sqr_ge0.
Qed.

Theorem value_gradient_chernoff (r : nat) (delta : RR) : (2 <= L)%N -> 1 / L%:R < delta < 1 ->
  let I : 'M[RR]_d := 1%:M in
  is_true (\int[P]_o (value_gradient_error r o)%:E
    <= (chernoff_bound (r%:R * known_A2 mu x a I) (r%:R * known_F0 mu x a I) (known_rho mu x a) L%:R delta : RR)%:E)%E.
Proof.
move=> L2 Hd I; have := value_gradient_scaled r (known_law_chernoff I L2 Hd) (ltnW L2).
move=> /le_trans; apply; rewrite lee_fin le_eqVlt; apply/orP; left; apply/eqP.
by rewrite !boundE mulrDr mulrA; congr (_ + _); rewrite mulrA [r%:R * (_ * _)]mulrCA.
Qed.

Theorem value_gradient_laplace (r : nat) (c2 c4 : splits) (th2 th4 : RR) :
  (6 <= L)%N -> 0 < th2 <= 1 -> 0 < th4 <= 1 ->
  let I : 'M[RR]_d := 1%:M in
  is_true (\int[P]_o (value_gradient_error r o)%:E
    <= (laplace_split_bound c2 c4 (r%:R * known_A2 mu x a I) (known_rho mu x a) (known_kappa mu x a) L%:R th2 th4 : RR)%:E)%E.
Proof.
move=> L6 H2 H4 I; have L0 : (0 < L)%N by exact: leq_trans L6.
have := value_gradient_scaled r (known_law_laplace I c2 c4 L6 H2 H4) L0.
move=> /le_trans; apply; rewrite lee_fin le_eqVlt; apply/orP; left; apply/eqP.
by rewrite /laplace_split_bound !RmultE mulrA.
Qed.
End KnownLawBounds.
